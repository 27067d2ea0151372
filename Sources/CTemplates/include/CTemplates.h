#ifndef DEVBOX_CTEMPLATES_H
#define DEVBOX_CTEMPLATES_H

// The files of templates/ as a part of the program.

#include <stddef.h>

/// A file of templates/.
struct devbox_template {
	/// Its path there.
	const char *name;
	/// Its text, which ends with a NUL.
	const char *text;
};

/// All of them, sorted by name.
const struct devbox_template *devbox_templates(void);
/// How many there are.
size_t devbox_template_count(void);

#endif
