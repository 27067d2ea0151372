import DevboxCore
import QMP
import SystemPackage

/// How a guest runs in one mode: what a supervisor needs of it.
protocol GuestRuntime: AnyObject {
    /// Starts the guest and its helpers, and has the loop call `events` from then on.
    func launch(_ events: GuestEvents) throws -> RunState
    /// Asks the guest to shut down, as the power button does.
    func requestShutdown()
    /// Ends the guest at once.
    func forceOff()
    /// Ends the helpers and writes what they still hold, after the guest has ended.
    func close() throws
    /// The guest's machine; nil where it has none of its own.
    var machine: (any GuestMachine)? { get }
}

/// What a virtual machine can do beside a container. Nothing here waits.
protocol GuestMachine: AnyObject {
    /// Stops the processors.
    func pause()
    /// Asks for the processors to go on. It may be refused; that they do is learnt as `resumed`.
    func resume()
    /// Asks the guest something that only its programs answer. `answered` is not called where it does not.
    func ask(_ answered: @escaping () -> Void)
    /// Presses the reset button.
    func reset()
    /// Interrupts the kernel with what it cannot mask.
    func injectNMI(_ done: @escaping (Result<Void, Failure>) -> Void)
    /// Writes all memory into a descriptor, which is closed in any case.
    func dump(_ format: QMPDumpFormat, into descriptor: FileDescriptor, _ job: MachineDumps.Job)
}

/// What a runtime tells its supervisor.
struct GuestEvents {
    /// The guest answers.
    let ready: () -> Void
    /// Something was learnt of the guest's kernel.
    let learnt: (GuestCondition.Signal) throws -> Void
    /// The guest has ended by itself or as asked; the error says how where something was wrong.
    let ended: ((any ReportableError)?) -> Void
}
