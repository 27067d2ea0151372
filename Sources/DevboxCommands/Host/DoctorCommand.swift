import ArgumentParser
import DevboxCore
import Doctor
import HostTools
import SystemPackage

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Show what this host can do, what to install, and what killed devboxes left.",
        discussion: """
            Ends with 0 where guests can be cloned and run, and with 69 where something for that is missing. No work \
            directory is made. KVM counts only when a kernel of one of the images ran under it.

            EXAMPLES:
              devbox doctor
              devbox doctor --fix              also clean away what killed devboxes left
              devbox doctor --json | jq -r '.packages[]'
            """)

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Clean away what killed devboxes left. What is in use is never touched.")
    var fix = false

    func run() throws {
        let environment = Command.inheritedEnvironment
        let wanted = WorkDirectory.wantedPath(given: options.workDirectory, environment: environment)
        let work = WorkDirectory.isOne(wanted) ? try options.work() : nil
        let report = try HostReport.gather(
            work: work, wantedWork: work?.path ?? wanted, fix: fix, runner: options.runner)
        try options.print(report, DoctorText(report, fix: fix).text)
        if !report.isReady {
            let missing = report.missing(isNeeded: true)
            let others = missing.filter(\.packages.isEmpty).map { "\($0.name): \($0.detail ?? $0.purpose)" }
            throw Failure(
                .missing, "this host lacks what the main job needs: \(missing.map(\.name).joined(separator: ", "))",
                hint: ([HostReport.installLine(missing)].compactMap { $0 } + others).joined(separator: "; "))
        }
    }
}

/// The report for people.
struct DoctorText {
    private let report: HostReport
    private let fix: Bool

    init(_ report: HostReport, fix: Bool) { (self.report, self.fix) = (report, fix) }

    var text: String {
        var parts = [programs, features, leftovers]
        if report.cacheBytes > 1 << 20 {
            parts.append("The cache holds \(ByteSize.text(report.cacheBytes)) and can be deleted at any time.")
        }
        if let line = HostReport.installLine(report.missing(isNeeded: false)) {
            parts.append("For what is missing and optional:\n  \(line)")
        }
        return parts.joined(separator: "\n\n")
    }

    private var programs: String {
        var table = Table("PROGRAM", "STATE", "VERSION", "PACKAGE", "NEEDED FOR")
        for check in report.programs {
            table.add(check.name, state(check), check.version, check.packages.first, check.purpose)
        }
        return table.text
    }

    private var features: String {
        var table = Table("FEATURE", "STATE", "NEEDED FOR", "REMARKS")
        for check in report.features { table.add(check.name, state(check), check.purpose, check.detail) }
        return table.text
    }

    private var leftovers: String {
        guard let work = report.workDirectory else { return "There is no work directory yet." }
        if report.leftovers.isEmpty { return "Nothing is left over in \(Names.printable(work))." }
        var table = Table("LEFT OVER", "STATE", "PATH", "REMARKS")
        for leftover in report.leftovers {
            table.add(leftover.title, leftover.isCleaned ? "cleaned" : "left", leftover.path, leftover.note)
        }
        return table.text + (fix ? "" : "\n`devbox doctor --fix` cleans it away.")
    }

    /// What only some commands need is not missed by everybody.
    private func state(_ check: Check) -> String {
        switch check.state {
        case .missing where !check.isNeeded: "missing (optional)"
        case .untried: "not tried"
        default: check.state.rawValue
        }
    }
}
