import DevboxCore

/// A QEMU command line for an appliance: a kernel, one disk, serial ports, and nothing that is not used.
///
/// All that QEMU talks through comes as open descriptors, so that nobody else can reach it, and no socket's name can be too long.
public struct ApplianceCommand: Sendable, Equatable {
    /// What it is called in the process list.
    public var name: String
    /// The settings of the disk's architecture.
    public var machine: QEMUMachine
    /// Whether the host's processor runs its code, or QEMU translates it.
    public var accelerator: Accelerator
    /// Whether one thread emulates all processors; slower, and without QEMU's races.
    public var emulatesInOneThread = false
    /// In bytes; QEMU gets whole MiB.
    public var memory: Int64
    /// How many processors it has.
    public var cpus: Int
    /// The qcow2 file of the disk, relative to the folder that QEMU is started in, or absolute.
    public var disk: String
    /// How large the disk's sectors are, in bytes.
    public var sectorSize: Int64 = 512
    /// The kernel's file, and its initrd's, as QEMU opens them.
    public var (kernel, initrd): (String, String)
    /// The kernel's command line.
    public var append: String
    /// The number of the descriptor of a socket to the monitor, and to the serial console.
    public var (monitor, console): (Int32, Int32)
    /// Those of the virtio serial ports, from number 1 on.
    public var ports: [Int32]
    /// That of its terminal; nil where it has none.
    public var terminal: Int32?
    /// The folders that it is shown, by their tags.
    public var folders: [(tag: String, path: String)] = []
    /// Whether it has what a kernel notes in that a dump is to be read by, and tells of its panic with.
    public var hasPanicDevices = false

    /// Where it says nothing else, it has no terminal, no folders and no devices for panics.
    public init(
        name: String, machine: QEMUMachine, accelerator: Accelerator, memory: Int64, cpus: Int, disk: String,
        kernel: String, initrd: String, append: String, monitor: Int32, console: Int32, ports: [Int32]
    ) {
        (self.name, self.machine, self.accelerator) = (name, machine, accelerator)
        (self.memory, self.cpus, self.disk) = (memory, cpus, disk)
        (self.kernel, self.initrd, self.append) = (kernel, initrd, append)
        (self.monitor, self.console, self.ports) = (monitor, console, ports)
    }

    /// Whether two are the same command line.
    public static func == (left: ApplianceCommand, right: ApplianceCommand) -> Bool { left.command == right.command }

    /// The command line.
    public var command: Command {
        var arguments = [
            "-name", "guest=\(name),process=devbox-\(name)", "-nodefaults", "-no-user-config", "-display", "none",
            "-sandbox", QEMUCommand.sandbox, "-no-reboot", "-machine", machine.machine,
        ]
        switch accelerator {
        case .kvm: arguments += ["-accel", "kvm", "-cpu", "host"]
        case .tcg:
            arguments += [
                "-accel", "tcg,thread=\(emulatesInOneThread ? "single" : "multi")", "-cpu", machine.emulatedCPU,
            ]
        }
        let sectors =
            sectorSize == 512 ? "" : ",logical_block_size=\(sectorSize),physical_block_size=\(sectorSize)"
        arguments += [
            "-m", "\(memory >> 20)", "-smp", "\(cpus)",
            "-chardev", "socket,id=monitor,fd=\(monitor)", "-mon", "chardev=monitor,mode=control",
            "-chardev", "socket,id=console,fd=\(console)", "-serial", "chardev:console",
            "-blockdev", "driver=file,node-name=file,discard=unmap,filename=\(QEMUCommand.escape(disk))",
            "-blockdev", "driver=qcow2,node-name=disk,file=file,discard=unmap",
            "-device", "virtio-blk-\(machine.bus),drive=disk,serial=devbox-root\(sectors)",
            "-device", "virtio-serial-\(machine.bus),max_ports=\(ports.count + 1)",
        ]
        for (index, port) in ports.enumerated() {
            arguments += [
                "-chardev", "socket,id=port\(index + 1),fd=\(port)",
                "-device", "virtserialport,chardev=port\(index + 1),nr=\(index + 1),name=devbox.\(index + 1)",
            ]
        }
        if let terminal {
            arguments += [
                "-chardev", "socket,id=terminal,fd=\(terminal)", "-device", "virtconsole,chardev=terminal,nr=0",
            ]
        }
        for (tag, path) in folders {
            arguments += [
                "-fsdev",
                "local,id=\(tag),path=\(QEMUCommand.escape(path)),security_model=none,multidevs=remap",
                "-device", "virtio-9p-\(machine.bus),fsdev=\(tag),mount_tag=\(tag)",
            ]
        }
        if hasPanicDevices {
            if machine.hasVMCoreInfo { arguments += ["-device", "vmcoreinfo"] }
            if machine.hasPanicDevice { arguments += ["-device", "pvpanic-pci"] }
            arguments += ["-action", "panic=none"]
        }
        arguments += ["-kernel", kernel, "-initrd", initrd, "-append", append]
        return Command(machine.program, arguments)
    }
}
