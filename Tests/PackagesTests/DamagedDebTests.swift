import Archives
import DevboxCore
import Glibc
@testable import Packages
import SystemPackage
import TestSupport
import Testing

@Suite("Damaged .debs", .timeLimit(.minutes(2)))
struct DamagedDebTests {
    private let builder: DebBuilder
    init() throws { builder = try DebBuilder() }

    /// How the package is refused, when it is opened or while it is read to its end.
    private func refusal(_ bytes: [UInt8]) throws -> (any ReportableError)? {
        let path = try builder.write(bytes, "damaged.deb")
        return reported { try DebCheck().run(DebPackage(path)) }
    }

    private func sample(_ compression: String) throws -> [UInt8] {
        // Letters only, so that it is text, and no two packages are alike.
        let text = String(decoding: noise(20_000).map { 97 + $0 % 26 }, as: UTF8.self)
        let path = try builder.packed(files: ["usr/share/sample/text": text, "etc/sample": "x"], compression)
        return try Files.read(path)
    }

    @Test("one that is cut off anywhere is refused with 65", arguments: ["gzip", "xz", "zstd", "none"])
    func truncated(compression: String) throws {
        let whole = try sample(compression)
        #expect(try refusal(whole) == nil)
        let lengths = Set(0...130).union(stride(from: 131, to: whole.count, by: 97))
            .union((whole.count - 40)..<(whole.count - 1))
        for length in lengths {
            let error = try refusal(Array(whole[..<length]))
            // What is behind an odd member may be missing.
            #expect(error?.exitCode == .badInput, "\(length) of \(whole.count) bytes")
            #expect(error?.message.contains("damaged.deb") == true)
            #expect(error?.message.contains("\n") == false)
        }
    }

    @Test("one with a bit turned in its compressed data is refused with 65", arguments: ["gzip", "xz"])
    func altered(compression: String) throws {
        let whole = try sample(compression)
        let layout = try DebPackage(builder.write(whole, "whole.deb")).layout
        for member in [layout.control, layout.data] {
            // The first ten bytes of gzip say when it was made, which is not checked.
            for offset in stride(from: member.offset + 10, to: member.offset + member.size, by: 53) {
                var bytes = whole
                bytes[Int(offset)] ^= 1 << UInt8(offset % 8)
                #expect(try refusal(bytes)?.exitCode == .badInput, "byte \(offset) of \(member.name)")
            }
        }
    }

    @Test(
        "one with anything behind a compressed stream is refused",
        arguments: [("xz", "xz -c"), ("gz", "gzip -c"), ("zst", "zstd -c")])
    func trailing(ending: String, program: String) throws {
        var tar = TarWriter()
        tar.add("./x", content: [1])
        let packed = try builder.compress(tar.finished, program)
        for tail in [[0], [1, 2, 3, 4], packed] {
            let path = try builder.deb(data: packed + tail, dataName: "data.tar.\(ending)")
            let error = reported { try DebCheck().run(DebPackage(path)) }
            #expect(error?.exitCode == .badInput, "\(tail.count) bytes")
        }
    }

    @Test("data behind the end of the tar is refused, and so are zeroes without end")
    func behindTheTar() throws {
        var tar = TarWriter()
        tar.add("./x", content: [1])
        var hidden = TarWriter()
        hidden.add("../../etc/passwd", content: [1])
        let path = try builder.deb(data: tar.finished + hidden.finished)
        #expect(
            reported { try DebCheck().run(DebPackage(path)) }?.message.hasSuffix("has something behind its end") == true
        )
        let zeroes = try builder.deb(data: tar.finished + [UInt8](repeating: 0, count: 2 << 20))
        #expect(reported { try DebCheck().run(DebPackage(zeroes)) }?.exitCode == .badInput)
    }

    @Test("one of another structure is refused with what is wrong", arguments: structures)
    func structure(members: [UInt8], defect: String) throws {
        let error = try refusal(Array("!<arch>\n".utf8) + members)
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.hasSuffix(" \(defect)") == true, "\(error?.message ?? "taken")")
    }

    @Test("what is no ar archive, no file, or not there, is said to be so")
    func noPackage() throws {
        #expect(try refusal(Array("!<arck>\n".utf8) + DebBuilder.version)?.exitCode == .badInput)
        #expect(try refusal([])?.exitCode == .badInput)
        #expect(try refusal(noise(4000))?.exitCode == .badInput)
        #expect(reported { _ = try DebPackage(builder.scratch("missing.deb")) }?.exitCode == .notFound)
        #expect(reported { _ = try DebPackage(builder.scratch.path) }?.exitCode == .badInput)
        mkfifo(builder.scratch("fifo").string, 0o600)
        #expect(reported { _ = try DebPackage(builder.scratch("fifo")) }?.exitCode == .badInput)
    }

    @Test(
        "a control file that is none is refused with 65",
        arguments: [
            "", "\n\n", "rubbish", "\u{1}\u{2}\u{3}", ": x\n", " continued\n", "Package: a\n",
            "Package: a\nVersion: 1\n", "Package: a\nVersion: \nArchitecture: all\n",
            "Package: a\nVersion: 1 2\nArchitecture: all\n", "Package: ../a\nVersion: 1\nArchitecture: all\n",
            "Package: a\nVersion: 1\nArchitecture: a/b\n", "Package: a\nPackage: b\nVersion: 1\nArchitecture: all\n",
            "Package: a\nVersion: 1\nArchitecture: all\nDepends: a (= 1\n",
            "Package: a\nVersion: 1\nArchitecture: all\n\nPackage: b\n",
            "Package: a\u{0}\nVersion: 1\nArchitecture: all\n",
        ])
    func control(text: String) throws {
        let path = try builder.deb(control: text, data: TarWriter().finished)
        let error = reported { _ = try DebPackage(path) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.contains("hand.deb") == true && error?.message.contains("\n") == false)
    }

    @Test("a package that becomes shorter while it is read is truncated, and no more")
    func shrinks() throws {
        let path = try builder.write(sample("none"), "shrinks.deb")
        let package = try DebPackage(path)
        truncate(path.string, 2000)
        #expect(reported { try DebCheck().run(package) }?.message.hasSuffix("is truncated") == true)
    }
}

/// The members of a .deb, and what is wrong with them.
private let structures: [(members: [UInt8], defect: String)] = {
    let version = DebBuilder.version
    let control = DebBuilder.member("control.tar", DebBuilder.controlTar())
    let data = DebBuilder.member("data.tar", TarWriter().finished)
    let newer = DebBuilder.member("debian-binary", Array("3.0\n".utf8))
    let endless = DebBuilder.member("debian-binary", Array("2.0".utf8))
    let wrongEnd = DebBuilder.member("control.tar", DebBuilder.controlTar(), magic: "xx")
    let notPacked = DebBuilder.member("control.tar.gz", DebBuilder.controlTar())
    var list: [(members: [UInt8], defect: String)] = []
    func add(_ defect: String, _ members: [UInt8]...) { list.append((members.flatMap { $0 }, defect)) }
    add("has two data members", version, control, data, data)
    add("has two control members", version, control, control, data)
    add("has two control members", version, control, data, control)
    add("has its data member before the control member", version, data, control)
    add("is truncated: it has no data member", version, control)
    add("is truncated: it has no control member", version)
    add("is not a Debian package: its first member is control.tar", control, data)
    add("has format version 3.0, which this devbox does not know", newer, control, data)
    add("is damaged: its format version cannot be read", endless, control, data)
    add("has an unknown member before its data: extra", version, DebBuilder.member("extra", []), control, data)
    add(
        "has a member of unknown compression: data.tar.rot13", version, control,
        DebBuilder.member("data.tar.rot13", [1]))
    add(
        "has a control member of unknown compression: control.tar.bz2", version,
        DebBuilder.member("control.tar.bz2", [1]), data)
    add("is damaged: a member's header is wrong", version, wrongEnd, data)
    add("is truncated", version, control, data, Array("rubbish".utf8))
    add("is damaged: it is not in gzip format", version, notPacked, data)
    return list
}()
