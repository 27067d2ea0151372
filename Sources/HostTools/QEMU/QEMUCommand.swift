/// A QEMU command line for one start of a guest. All paths are relative to the guest's folder, which is QEMU's working
/// directory: so no socket's name can be too long, and the same line works wherever the folder is mounted.
public struct QEMUCommand: Sendable, Equatable {
    /// The guest's name, for `-name` and the process list.
    public var name: String
    /// The settings of the guest's architecture.
    public var machine: QEMUMachine
    /// Whether the host's processor runs the guest's code, or QEMU translates it.
    public var accelerator: Accelerator
    /// In bytes; QEMU gets whole MiB.
    public var memory: Int64
    /// How many processors the guest sees.
    public var cpus: Int
    /// Whether one thread emulates all of them, one after the other; slower, and without QEMU's races.
    public var emulatesInOneThread: Bool
    /// Of the only network interface, "52:54:00:…".
    public var macAddress: String
    /// The disk's qcow2 file.
    public var disk: String
    /// The kernel that is started directly, without a boot loader.
    public var kernel: String
    /// Its initrd; nil where it starts without one.
    public var initrd: String?
    /// The kernel's command line.
    public var append: String
    /// The socket of the monitor.
    public var monitor: String
    /// The socket of the serial port.
    public var console: String
    /// The file that keeps what the serial port prints.
    public var consoleLog: String
    /// The socket of the guest agent.
    public var agent: String
    /// The folder that the guest sees at /work.
    public var share: String
    /// How large the sectors are that the disk has for the guest, in bytes.
    public var sectorSize: Int64
    /// What QEMU does when the guest's pvpanic driver reports a panic: "pause" or "none".
    public var panicAction: String

    /// One start of a guest. Where it says nothing else, QEMU has a thread for each processor, and does nothing at a panic.
    ///
    /// - Parameters:
    ///   - memory: in bytes, of which whole MiB count.
    ///   - disk: as all paths here, relative to the guest's folder.
    ///   - panicAction: "pause" or "none".
    public init(
        name: String, machine: QEMUMachine, accelerator: Accelerator, memory: Int64, cpus: Int,
        emulatesInOneThread: Bool = false, macAddress: String,
        disk: String,
        kernel: String, initrd: String?, append: String, monitor: String, console: String, consoleLog: String,
        agent: String,
        share: String, sectorSize: Int64 = 512, panicAction: String = "none"
    ) {
        self.name = name
        self.machine = machine
        self.accelerator = accelerator
        self.memory = memory
        self.cpus = cpus
        self.emulatesInOneThread = emulatesInOneThread
        self.macAddress = macAddress
        self.disk = disk
        self.kernel = kernel
        self.initrd = initrd
        self.append = append
        self.monitor = monitor
        self.console = console
        self.consoleLog = consoleLog
        self.agent = agent
        self.share = share
        self.sectorSize = sectorSize
        self.panicAction = panicAction
    }

    private var sectors: String {
        sectorSize == 512 ? "" : ",logical_block_size=\(sectorSize),physical_block_size=\(sectorSize)"
    }

    /// What QEMU may not do: start programs, become somebody else, change its own scheduling.
    static let sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

    /// A comma in an option's value is written twice.
    static func escape(_ value: String) -> String { value.replacingScalar(",", with: ",,") }

    /// The command line, to be run in the guest's folder.
    public var command: Command {
        var arguments = [
            "-name", "guest=\(name),process=devbox-\(name)", "-nodefaults", "-no-user-config", "-display", "none",
            "-sandbox", Self.sandbox,
            "-machine", machine.machine,
        ]
        switch accelerator {
        case .kvm: arguments += ["-accel", "kvm", "-cpu", "host"]
        case .tcg:
            arguments += [
                "-accel", "tcg,thread=\(emulatesInOneThread ? "single" : "multi")", "-cpu", machine.emulatedCPU,
            ]
        }
        arguments += ["-m", "\(memory >> 20)", "-smp", "\(cpus)"]
        arguments += ["-qmp", "unix:\(monitor),server=on,wait=off"]
        arguments += [
            "-chardev", "socket,id=console,path=\(console),server=on,wait=off,logfile=\(consoleLog),logappend=on",
            "-serial", "chardev:console",
            "-device", "virtio-serial-\(machine.bus)",
            "-chardev", "socket,id=agent,path=\(agent),server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        ]
        if machine.hasVMCoreInfo { arguments += ["-device", "vmcoreinfo"] }
        arguments += [
            "-device", "virtio-rng-\(machine.bus)",
            "-blockdev", "driver=file,node-name=file,discard=unmap,filename=\(disk)",
            "-blockdev", "driver=qcow2,node-name=disk,file=file,discard=unmap",
            "-device", "virtio-blk-\(machine.bus),drive=disk,serial=devbox-root\(sectors)",
            // QEMU takes a free port by itself; the monitor tells which. Nobody else can have taken it meanwhile.
            "-netdev", "user,id=net,hostfwd=tcp:127.0.0.1:0-:22",
            "-device",
            "virtio-net-\(machine.bus),netdev=net,mac=\(macAddress)\(machine.bus == "pci" ? ",romfile=" : "")",
            "-fsdev", "local,id=work,path=\(share),security_model=none,multidevs=remap",
            "-device", "virtio-9p-\(machine.bus),fsdev=work,mount_tag=work",
        ]
        // Behind all others: a device before them would change their addresses, and with these the network's name.
        if machine.hasPanicDevice { arguments += ["-device", "pvpanic-pci"] }
        arguments += ["-action", "panic=\(panicAction)", "-kernel", kernel]
        if let initrd { arguments += ["-initrd", initrd] }
        arguments += ["-append", append]
        return Command(machine.program, arguments)
    }
}
