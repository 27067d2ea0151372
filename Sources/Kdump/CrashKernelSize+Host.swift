import DevboxCore
import Glibc

extension CrashKernelSize {
    /// Why no guest on this host can save a dump in so much memory; nil where it can, or where it depends on the guest.
    public var flaw: String? {
        guard let bytes else { return nil }
        // A kernel and an initrd take a third of that before they do anything.
        guard bytes >= Self.least else { return Self.tooSmall }
        let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        return bytes < memory ? nil : "the host has \(ByteSize.text(memory))"
    }
}
