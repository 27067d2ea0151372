// SPDX-License-Identifier: GPL-2.0
// A module that does what its parameter says, as soon as it is loaded: faults for `make test-faults`. Never for a host.
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "null, bug, warn, softlockup or hung");

static int __init faults_init(void)
{
	if (!strcmp(fault, "null")) {
		int *volatile nowhere = NULL;

		*nowhere = 1;
	} else if (!strcmp(fault, "bug")) {
		BUG();
	} else if (!strcmp(fault, "warn")) {
		WARN(1, "faults: a warning that was asked for");
	} else if (!strcmp(fault, "softlockup")) {
		preempt_disable();
		for (;;)
			cpu_relax();
	} else if (!strcmp(fault, "hung")) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	} else {
		return -EINVAL;
	}
	return 0;
}

static void __exit faults_exit(void)
{
}

module_init(faults_init);
module_exit(faults_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Faults on demand");
