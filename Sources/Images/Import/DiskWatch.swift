import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Follows what fills a folder with a disk: tells how far it is, and ends it before the host's own disk is full.
struct DiskWatch {
    /// Runs programs.
    let runner: Runner
    /// Where the disk is made.
    let folder: FilePath
    /// What the bar is called.
    let name: String
    /// How much of the host's disk has to stay free, in bytes; nil for what is sensible.
    var reserve: Int64?
    /// Told several times a second.
    var progress: ([TransferProgress]) -> Void = { _ in }

    /// No more than this is kept free on a large disk.
    private static let mostReserve: Int64 = 1 << 30

    /// What may still be written, in bytes; less than nothing where too much is there already.
    func room() throws -> Int64 {
        let space = try Files.space(folder)
        return space.free - (reserve ?? min(Self.mostReserve, space.size / 20))
    }

    /// Throws where no more may be written, or where Ctrl-C came; shows how far it is.
    func step(_ done: Int64, of total: Int64?) throws {
        try Interrupts.check()
        guard try room() > 0 else { throw full }
        progress([TransferProgress(name: name, received: max(1, done), total: total)])
    }

    /// Throws where something that has to be written whole has no room.
    func need(_ bytes: Int64) throws {
        guard try room() > bytes else { throw full }
    }

    private var full: Failure {
        Failure(
            .failure, "there is too little room in \(folder.removingLastComponent()) for the disk \(name)",
            hint: "an image is made on the disk that the work directory is on, and some of it has to stay free")
    }

    /// Runs a qemu-img that tells with -p how far it is.
    ///
    /// - Parameter total: what it is about, in bytes.
    func run(_ command: Command, of total: Int64) throws {
        runner.console.detail("+ \(command.line)")
        let (output, error) = (try Pipe(), try Pipe())
        var child = try ChildProcess(
            command, output: .descriptor(output.writeEnd), error: .descriptor(error.writeEnd))
        output.closeWriteEnd()
        error.closeWriteEnd()
        do {
            var (part, complaint): (Double, [UInt8]) = (0, [])
            var (isOutputOpen, isErrorOpen) = (true, true)
            while isOutputOpen || isErrorOpen {
                let ready = try Poll.wait(
                    [.read(isOutputOpen ? output.readEnd : nil), .read(isErrorOpen ? error.readEnd : nil)],
                    until: .now + .milliseconds(100), interruptible: runner.isInterruptible)
                if ready[0] {
                    let text = try Self.read(output.readEnd)
                    isOutputOpen = !text.isEmpty
                    part = Self.part(in: text) ?? part
                }
                if ready[1] {
                    let text = try Self.read(error.readEnd)
                    isErrorOpen = !text.isEmpty
                    if complaint.count < 64 << 10 { complaint += text }
                }
                // Once it is through, the room that it has left is no matter of the disk's.
                if isOutputOpen || isErrorOpen { try step(Int64(part * Double(total)), of: total) }
            }
            let status = try child.wait(interruptible: runner.isInterruptible) ?? .exited(1)
            guard status.isSuccess else {
                let lines = String(decoding: complaint, as: UTF8.self).split(separator: "\n")
                // What failed first is the reason of what failed then.
                throw HostToolError.failed(command.program, status, complaint: lines.first.map(String.init) ?? "")
            }
        } catch {
            child.end()
            throw error
        }
    }

    private static func read(_ pipe: FileDescriptor) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = try buffer.withUnsafeMutableBytes { buffer in
            try posix("read what qemu-img says") { Glibc.read(pipe.rawValue, buffer.baseAddress, buffer.count) }
        }
        return Array(buffer[..<count])
    }

    /// "    (12.34/100%)" and a carriage return: the last of them as a part of one.
    static func part(in text: [UInt8]) -> Double? {
        String(decoding: text, as: UTF8.self).split(separator: "(").last.flatMap { Double($0.prefix { $0 != "/" }) }
            .map { min(max($0 / 100, 0), 1) }
    }
}
