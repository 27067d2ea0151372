import DevboxCore
@testable import HostTools
import Testing

@Suite("QEMU's command line")
struct QEMUTests {
    private func command(_ architecture: Architecture, _ accelerator: Accelerator = .tcg) -> Command {
        QEMUCommand(
            name: "bug-1", machine: QEMUMachine(architecture), accelerator: accelerator, memory: 1 << 30, cpus: 2,
            macAddress: "52:54:00:01:02:03", disk: "disk.qcow2", kernel: "boot/vmlinuz", initrd: "boot/initrd.img",
            append: "root=UUID=1 ro", monitor: "run/qmp.sock", console: "run/console.sock", consoleLog: "console.log",
            agent: "run/agent.sock", share: "/run/devbox/share", panicAction: "pause"
        ).command
    }

    private static let machines: [(Architecture, String, String, String, Bool)] = [
        (.amd64, "qemu-system-x86_64", "q35,hpet=off", "qemu64", true),
        (.i386, "qemu-system-i386", "q35,hpet=off", "qemu32", true),
        (.arm64, "qemu-system-aarch64", "virt,gic-version=3", "cortex-a57", true),
        (.armhf, "qemu-system-arm", "virt,highmem=off", "cortex-a15", false),
        (
            .ppc64el, "qemu-system-ppc64", "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off",
            "power9",
            false
        ),
    ]

    @Test("each architecture has its own machine, and all else in common", arguments: machines)
    func arguments(architecture: Architecture, program: String, machine: String, cpu: String, vmcoreinfo: Bool) {
        let command = command(architecture)
        #expect(command.program.name == program)
        #expect(
            command.arguments == [
                "-name", "guest=bug-1,process=devbox-bug-1", "-nodefaults", "-no-user-config", "-display", "none",
                "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                "-machine", machine, "-accel", "tcg,thread=multi", "-cpu", cpu, "-m", "1024", "-smp", "2",
                "-qmp", "unix:run/qmp.sock,server=on,wait=off",
                "-chardev",
                "socket,id=console,path=run/console.sock,server=on,wait=off,logfile=console.log,logappend=on",
                "-serial", "chardev:console", "-device", "virtio-serial-pci",
                "-chardev", "socket,id=agent,path=run/agent.sock,server=on,wait=off",
                "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            ] + (vmcoreinfo ? ["-device", "vmcoreinfo"] : []) + [
                "-device", "virtio-rng-pci",
                "-blockdev", "driver=file,node-name=file,discard=unmap,filename=disk.qcow2",
                "-blockdev", "driver=qcow2,node-name=disk,file=file,discard=unmap",
                "-device", "virtio-blk-pci,drive=disk,serial=devbox-root",
                "-netdev", "user,id=net,hostfwd=tcp:127.0.0.1:0-:22",
                "-device", "virtio-net-pci,netdev=net,mac=52:54:00:01:02:03,romfile=",
                "-fsdev", "local,id=work,path=/run/devbox/share,security_model=none,multidevs=remap",
                "-device", "virtio-9p-pci,fsdev=work,mount_tag=work",
            ] + (architecture == .ppc64el ? [] : ["-device", "pvpanic-pci"]) + [
                "-action", "panic=pause",
                "-kernel", "boot/vmlinuz", "-initrd", "boot/initrd.img", "-append", "root=UUID=1 ro",
            ])
    }

    @Test("under KVM the guest has the host's processor")
    func kvm() {
        let arguments = command(.amd64, .kvm).arguments
        #expect(arguments.contains("kvm") && arguments.contains("host") && !arguments.contains("qemu64"))
    }
}

@Suite("An appliance's command line")
struct ApplianceCommandTests {
    private func command(_ change: (inout ApplianceCommand) -> Void = { _ in }) -> [String] {
        var command = ApplianceCommand(
            name: "bug-1", machine: QEMUMachine(.amd64), accelerator: .tcg, memory: 1 << 30, cpus: 2,
            disk: "/w/a,b/disk.qcow2", kernel: "/w/vmlinuz", initrd: "/proc/self/fd/8", append: "panic=-1", monitor: 9,
            console: 10, ports: [5, 6, 7])
        change(&command)
        return command.command.arguments
    }

    @Test("has a port for each descriptor in their order, and no network, no socket with a name, no reboot")
    func ports() {
        let arguments = command()
        for (number, descriptor) in [(1, 5), (2, 6), (3, 7)] {
            #expect(arguments.contains("socket,id=port\(number),fd=\(descriptor)"))
            #expect(arguments.contains("virtserialport,chardev=port\(number),nr=\(number),name=devbox.\(number)"))
        }
        #expect(arguments.contains("-no-reboot") && !arguments.contains("-netdev"))
        #expect(!arguments.contains { $0.contains("server") || $0.contains("path=") })
        #expect(arguments.contains("driver=file,node-name=file,discard=unmap,filename=/w/a,,b/disk.qcow2"))
        #expect(arguments.contains("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"))
        #expect(!arguments.contains("pvpanic-pci") && !arguments.contains { $0.contains("virtconsole") })
    }

    @Test("has a terminal, folders and devices for panics where it is to")
    func further() {
        let arguments = command {
            $0.terminal = 11
            $0.folders = [(tag: "share0", path: "/run/x")]
            $0.hasPanicDevices = true
        }
        #expect(
            arguments.contains("virtconsole,chardev=terminal,nr=0") && arguments.contains("socket,id=terminal,fd=11"))
        #expect(arguments.contains("virtio-9p-pci,fsdev=share0,mount_tag=share0"))
        #expect(arguments.contains("pvpanic-pci") && arguments.contains("vmcoreinfo"))
    }
}
