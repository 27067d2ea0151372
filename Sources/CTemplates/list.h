{"appliance/init",
	(const char[]){
#embed "../../templates/appliance/init" suffix(,)
		0}},
{"appliance/modprobe",
	(const char[]){
#embed "../../templates/appliance/modprobe" suffix(,)
		0}},
{"appliance/modules",
	(const char[]){
#embed "../../templates/appliance/modules" suffix(,)
		0}},
{"appliance/unpack.sh",
	(const char[]){
#embed "../../templates/appliance/unpack.sh" suffix(,)
		0}},
{"apt.conf.mustache",
	(const char[]){
#embed "../../templates/apt.conf.mustache" suffix(,)
		0}},
{"cloud-init.cfg",
	(const char[]){
#embed "../../templates/cloud-init.cfg" suffix(,)
		0}},
{"devbox.yaml",
	(const char[]){
#embed "../../templates/devbox.yaml" suffix(,)
		0}},
{"dumps/crash.sh",
	(const char[]){
#embed "../../templates/dumps/crash.sh" suffix(,)
		0}},
{"dumps/list.sh",
	(const char[]){
#embed "../../templates/dumps/list.sh" suffix(,)
		0}},
{"dumps/remove.sh",
	(const char[]){
#embed "../../templates/dumps/remove.sh" suffix(,)
		0}},
{"foreign-code.sh.mustache",
	(const char[]){
#embed "../../templates/foreign-code.sh.mustache" suffix(,)
		0}},
{"foreign-service.conf",
	(const char[]){
#embed "../../templates/foreign-service.conf" suffix(,)
		0}},
{"image/etc/.updated",
	(const char[]){
#embed "../../templates/image/etc/.updated" suffix(,)
		0}},
{"image/etc/default/locale",
	(const char[]){
#embed "../../templates/image/etc/default/locale" suffix(,)
		0}},
{"image/etc/fstab",
	(const char[]){
#embed "../../templates/image/etc/fstab" suffix(,)
		0}},
{"image/etc/hosts",
	(const char[]){
#embed "../../templates/image/etc/hosts" suffix(,)
		0}},
{"image/etc/initramfs-tools/conf.d/devbox",
	(const char[]){
#embed "../../templates/image/etc/initramfs-tools/conf.d/devbox" suffix(,)
		0}},
{"image/etc/initramfs-tools/hooks/devbox",
	(const char[]){
#embed "../../templates/image/etc/initramfs-tools/hooks/devbox" suffix(,)
		0}},
{"image/etc/initramfs-tools/modules",
	(const char[]){
#embed "../../templates/image/etc/initramfs-tools/modules" suffix(,)
		0}},
{"image/etc/machine-id",
	(const char[]){
#embed "../../templates/image/etc/machine-id" suffix(,)
		0}},
{"image/etc/modprobe.d/devbox.conf",
	(const char[]){
#embed "../../templates/image/etc/modprobe.d/devbox.conf" suffix(,)
		0}},
{"image/etc/ssh/sshd_config.d/devbox.conf",
	(const char[]){
#embed "../../templates/image/etc/ssh/sshd_config.d/devbox.conf" suffix(,)
		0}},
{"image/etc/systemd/network/80-devbox.network",
	(const char[]){
#embed "../../templates/image/etc/systemd/network/80-devbox.network" suffix(,)
		0}},
{"image/etc/systemd/system/devbox-resolv.path",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/devbox-resolv.path" suffix(,)
		0}},
{"image/etc/systemd/system/devbox-resolv.service",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/devbox-resolv.service" suffix(,)
		0}},
{"image/etc/systemd/system/ssh.service.d/devbox.conf",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/ssh.service.d/devbox.conf" suffix(,)
		0}},
{"image/etc/systemd/system/sys-kernel-debug.mount.d/devbox.conf",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/sys-kernel-debug.mount.d/devbox.conf" suffix(,)
		0}},
{"image/etc/systemd/system/systemd-udev-trigger.service.d/devbox.conf",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/systemd-udev-trigger.service.d/devbox.conf" suffix(,)
		0}},
{"image/etc/systemd/system/work.automount",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/work.automount" suffix(,)
		0}},
{"image/etc/systemd/system/work.mount",
	(const char[]){
#embed "../../templates/image/etc/systemd/system/work.mount" suffix(,)
		0}},
{"image/var/.updated",
	(const char[]){
#embed "../../templates/image/var/.updated" suffix(,)
		0}},
{"initrd/init",
	(const char[]){
#embed "../../templates/initrd/init" suffix(,)
		0}},
{"initrd/modules",
	(const char[]){
#embed "../../templates/initrd/modules" suffix(,)
		0}},
{"kdump/crash-sysctl.conf",
	(const char[]){
#embed "../../templates/kdump/crash-sysctl.conf" suffix(,)
		0}},
{"kdump/grub.cfg.mustache",
	(const char[]){
#embed "../../templates/kdump/grub.cfg.mustache" suffix(,)
		0}},
{"kdump/load.sh",
	(const char[]){
#embed "../../templates/kdump/load.sh" suffix(,)
		0}},
{"kdump/makedumpfile.sh",
	(const char[]){
#embed "../../templates/kdump/makedumpfile.sh" suffix(,)
		0}},
{"kdump/read-files.sh",
	(const char[]){
#embed "../../templates/kdump/read-files.sh" suffix(,)
		0}},
{"kdump/service.conf",
	(const char[]){
#embed "../../templates/kdump/service.conf" suffix(,)
		0}},
{"kdump/set-sysctls.sh",
	(const char[]){
#embed "../../templates/kdump/set-sysctls.sh" suffix(,)
		0}},
{"kdump/status.sh",
	(const char[]){
#embed "../../templates/kdump/status.sh" suffix(,)
		0}},
{"kdump/sysctl.conf.mustache",
	(const char[]){
#embed "../../templates/kdump/sysctl.conf.mustache" suffix(,)
		0}},
{"kdump/unload.sh",
	(const char[]){
#embed "../../templates/kdump/unload.sh" suffix(,)
		0}},
{"kdump/write-files.sh",
	(const char[]){
#embed "../../templates/kdump/write-files.sh" suffix(,)
		0}},
{"lxc.conf.mustache",
	(const char[]){
#embed "../../templates/lxc.conf.mustache" suffix(,)
		0}},
{"offline/depmod",
	(const char[]){
#embed "../../templates/offline/depmod" suffix(,)
		0}},
{"offline/dpkg-deb",
	(const char[]){
#embed "../../templates/offline/dpkg-deb" suffix(,)
		0}},
{"offline/dracut",
	(const char[]){
#embed "../../templates/offline/dracut" suffix(,)
		0}},
{"offline/linux-check-removal",
	(const char[]){
#embed "../../templates/offline/linux-check-removal" suffix(,)
		0}},
{"offline/update-grub",
	(const char[]){
#embed "../../templates/offline/update-grub" suffix(,)
		0}},
{"offline/update-initramfs",
	(const char[]){
#embed "../../templates/offline/update-initramfs" suffix(,)
		0}},
{"packages/collect.sh",
	(const char[]){
#embed "../../templates/packages/collect.sh" suffix(,)
		0}},
{"packages/install.sh",
	(const char[]){
#embed "../../templates/packages/install.sh" suffix(,)
		0}},
{"packages/purge.sh",
	(const char[]){
#embed "../../templates/packages/purge.sh" suffix(,)
		0}},
{"sandbox/mount.sh",
	(const char[]){
#embed "../../templates/sandbox/mount.sh" suffix(,)
		0}},
{"sandbox/run.sh",
	(const char[]){
#embed "../../templates/sandbox/run.sh" suffix(,)
		0}},
{"target/begin.sh",
	(const char[]){
#embed "../../templates/target/begin.sh" suffix(,)
		0}},
{"target/end.sh",
	(const char[]){
#embed "../../templates/target/end.sh" suffix(,)
		0}},
{"target/enter.sh",
	(const char[]){
#embed "../../templates/target/enter.sh" suffix(,)
		0}},
{"target/mount-share.sh",
	(const char[]){
#embed "../../templates/target/mount-share.sh" suffix(,)
		0}},
{"target/receive.sh",
	(const char[]){
#embed "../../templates/target/receive.sh" suffix(,)
		0}},
{"target/run-flushing.sh",
	(const char[]){
#embed "../../templates/target/run-flushing.sh" suffix(,)
		0}},
{"target/run.sh",
	(const char[]){
#embed "../../templates/target/run.sh" suffix(,)
		0}},
{"target/send.sh",
	(const char[]){
#embed "../../templates/target/send.sh" suffix(,)
		0}},
{"target/shell.sh",
	(const char[]){
#embed "../../templates/target/shell.sh" suffix(,)
		0}},
{"target/sshd.sh",
	(const char[]){
#embed "../../templates/target/sshd.sh" suffix(,)
		0}},
{"unsynced.seccomp",
	(const char[]){
#embed "../../templates/unsynced.seccomp" suffix(,)
		0}},
