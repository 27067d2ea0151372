/// How QEMU executes a guest's code.
public enum Accelerator: String, Sendable, Codable, CaseIterable {
    case kvm, tcg
}
