import DevboxCore
import Guests

/// What the user may choose about arming.
public struct ArmingOptions: Sendable {
    /// The faults that make the kernel panic.
    public var causes: [PanicCause]
    /// Further sysctls, as `name=value`.
    public var sysctls: [(name: String, value: String)]
    /// What is reserved for the kernel that saves the dump; nil for the default.
    public var crashKernel: CrashKernelSize?
    /// After how many seconds a task in uninterruptible sleep counts as hung; nil for the kernel's own.
    public var hungTaskTimeout: Int?
    /// After how many seconds without scheduling a processor counts as locked up; nil for the kernel's own.
    public var softlockupThreshold: Int?
    /// What makedumpfile leaves out of a dump: its option `-d`, 0 to 31.
    public var dumpLevel: Int
    /// The command line, for the record.
    public var command: String
    /// Sysctls of an earlier arming, with what is known of them.
    var chosen: [KdumpState.Setting] = []

    /// What is chosen where the user says nothing: the usual causes, and the defaults of devbox and of the kernel.
    public init(
        causes: [PanicCause] = PanicCause.usual, sysctls: [(name: String, value: String)] = [],
        crashKernel: CrashKernelSize? = nil, hungTaskTimeout: Int? = nil, softlockupThreshold: Int? = nil,
        dumpLevel: Int = 31, command: String
    ) {
        (self.causes, self.sysctls, self.crashKernel) = (causes, sysctls, crashKernel)
        (self.hungTaskTimeout, self.softlockupThreshold) = (hungTaskTimeout, softlockupThreshold)
        (self.dumpLevel, self.command) = (dumpLevel, command)
    }

    /// The causes and sysctls of a list as `--panic-on` takes it: "oops,hung-task,vm.panic_on_oom=2", or "all".
    ///
    /// - Throws: `usage`, naming what there is.
    public static func parse(_ list: String) throws -> (causes: [PanicCause], sysctls: [(name: String, value: String)])
    {
        var causes: [PanicCause] = []
        var sysctls: [(name: String, value: String)] = []
        for word in list.split(separator: ",").map(String.init) {
            if word == "all" {
                causes = PanicCause.allCases
            } else if let cause = PanicCause(rawValue: word) {
                if !causes.contains(cause) { causes.append(cause) }
            } else if let mark = word.firstIndex(of: "="), isSysctl(word[..<mark]) {
                let value = String(word[word.index(after: mark)...])
                guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                    throw Failure(.usage, "--panic-on: \(Names.printable(word)) has no value")
                }
                sysctls.append((String(word[..<mark]), value))
            } else {
                let known = PanicCause.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(
                    .usage, "--panic-on: there is no fault \(Names.printable(word))",
                    hint: "there are: \(known), all, and any sysctl as name=value")
            }
        }
        guard !causes.isEmpty || !sysctls.isEmpty else { throw Failure(.usage, "--panic-on: the list is empty") }
        return (causes, sysctls)
    }

    /// A name below /proc/sys, with dots.
    private static func isSysctl(_ name: Substring) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                    }
            }
    }

    /// All sysctls of it.
    var wanted: [Sysctl] {
        var result = causes.flatMap(\.sysctls)
        if let hungTaskTimeout { result.append(.hungTaskTimeout(hungTaskTimeout)) }
        if let softlockupThreshold { result.append(.softlockupThreshold(softlockupThreshold)) }
        for (name, value) in sysctls {
            result.removeAll { $0.setting.name == name }
            result.append(Sysctl(name, value, "asked for by name", isForeign: true))
        }
        let known = PanicCause.allCases.flatMap(\.sysctls) + [.hungTaskTimeout(0), .softlockupThreshold(0)]
        return result
            + chosen.map { setting in
                let like = known.first { $0.setting.name == setting.name }
                return Sysctl(
                    setting.name, setting.value, setting.comment, needs: like?.option, isForeign: like == nil)
            }
    }
}

extension Sysctl {
    /// After how many seconds a task counts as hung.
    fileprivate static func hungTaskTimeout(_ seconds: Int) -> Sysctl {
        Sysctl(
            "kernel.hung_task_timeout_secs", "\(seconds)", "the seconds after which a task counts as hung",
            needs: "CONFIG_DETECT_HUNG_TASK")
    }

    /// After how many seconds a processor counts as locked up: twice what the kernel calls the threshold, see
    /// Documentation/admin-guide/lockup-watchdogs.rst.
    fileprivate static func softlockupThreshold(_ seconds: Int) -> Sysctl {
        Sysctl(
            "kernel.watchdog_thresh", "\((seconds + 1) / 2)", "a soft lockup is one of twice as many seconds",
            needs: "CONFIG_SOFTLOCKUP_DETECTOR")
    }
}
