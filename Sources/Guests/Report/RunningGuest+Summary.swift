extension RunningGuest {
    /// "kvm, tcg, kernel 6.1.0-47-amd64, ssh port 40123" or "lxc".
    public var summary: String {
        var parts = [state.mode.rawValue]
        if let accelerator = state.accelerator, accelerator != state.mode.rawValue { parts.append(accelerator) }
        if let kernel = state.kernel { parts.append("kernel \(kernel)") }
        if let port = state.sshPort { parts.append("ssh port \(port)") }
        return parts.joined(separator: ", ")
    }
}
