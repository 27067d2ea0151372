import DevboxCore
import Foundation
import Glibc
import SystemPackage

/// A server that misbehaves as a test wants it to: each request goes to a closure that writes what it likes.
final class RawServer: @unchecked Sendable {
    struct Request: Sendable {
        /// "GET", "HEAD"
        let method: String
        let path: String
        /// By names in small letters.
        let headers: [String: String]
        /// How many requests for the same path came before.
        let earlier: Int

        /// Where a Range begins.
        var offset: Int? {
            headers["range"].flatMap { $0.split(separator: "=").last?.split(separator: "-").first.flatMap { Int($0) } }
        }
    }

    /// What a connection is answered with.
    struct Connection {
        let descriptor: Int32
        let keepsOpen: Bool

        func send(_ text: String) { send(Array(text.utf8)) }

        /// Stops where the other side hangs up.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        /// A whole answer.
        func answer(
            _ status: String = "200 OK", _ headers: [String: String] = [:], _ body: [UInt8] = [], head: Bool = false
        ) {
            var text = "HTTP/1.1 \(status)\r\n" + (keepsOpen ? "" : "Connection: close\r\n")
            for (name, value) in ["Content-Length": "\(body.count)"].merging(headers, uniquingKeysWith: { $1 }) {
                text += "\(name): \(value)\r\n"
            }
            send(text + "\r\n")
            if !head { send(body) }
        }

        /// Waits until the other side hangs up.
        func hang() {
            var byte: UInt8 = 0
            while Glibc.read(descriptor, &byte, 1) > 0 {}
        }
    }

    let port: Int
    private let listener: Int32
    private let lock = NSLock()
    private var counts: [String: Int] = [:]
    private var all: [Request] = []

    var address: String { "http://127.0.0.1:\(port)" }
    /// All requests so far.
    var requests: [Request] { lock.withLock { all } }

    static func freePort() throws -> Int {
        let (descriptor, port) = try listen()
        close(descriptor)
        return port
    }

    private static func listen() throws -> (Int32, Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 64) == 0
                    ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard status == 0 else { throw failure("listen on the loopback", Errno(rawValue: errno)) }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// - Parameter keepsOpen: whether a connection goes on after an answer.
    init(keepsOpen: Bool = false, _ handler: @escaping @Sendable (Request, Connection) -> Void) throws {
        (listener, port) = try Self.listen()
        let listener = self.listener
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                guard let self else {
                    close(connection)
                    return
                }
                Thread.detachNewThread {
                    while let request = self.read(connection) {
                        handler(request, Connection(descriptor: connection, keepsOpen: keepsOpen))
                        if !keepsOpen { break }
                    }
                    shutdown(connection, Int32(SHUT_RDWR))
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard Glibc.read(connection, &byte, 1) == 1, bytes.count < 65_536 else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        return lock.withLock {
            let key = "\(words[0]) \(words[1])"
            let request = Request(method: words[0], path: words[1], headers: headers, earlier: counts[key, default: 0])
            counts[key, default: 0] += 1
            all.append(request)
            return request
        }
    }
}
