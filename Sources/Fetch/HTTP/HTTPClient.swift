import CCurl
import DevboxCore
import Glibc
import HostTools

/// Runs HTTP transfers with libcurl, several at once, in this thread. Redirects are followed a few times and within the scheme;
/// proxies are those of the environment (http_proxy, https_proxy, no_proxy), and so are certificates of authorities beside the host's
/// (CURL_CA_BUNDLE or SSL_CERT_FILE, as curl(1) has them; libcurl itself does not look there).
final class HTTPClient {
    private let multi: OpaquePointer
    private let limits: HTTPLimits
    private let authorities: String?
    /// Handles that no exchange has, to be used again: making one takes longer than a small download.
    private var idle: [HTTPHandle] = []
    /// Servers that asked to be left alone, and until when.
    private var quiet: [String: ContinuousClock.Instant] = [:]
    private let say: (String) -> Void
    private var pace: HTTPPace

    /// Begins to load libcurl in a thread of its own, for a program that will need it soon.
    static func prepare() { devbox_curl_load_ahead() }

    /// - Parameter say: is told where a server asks to be left alone for some time.
    init(
        limits: HTTPLimits, environment: [String: String] = Command.inheritedEnvironment,
        say: @escaping (String) -> Void = { _ in }
    ) throws {
        if let reason = devbox_curl_load() {
            throw Failure(
                .missing, "libcurl cannot be loaded: \(String(cString: reason))", hint: "apt-get install libcurl4")
        }
        guard let multi = devbox_curl_multi_new() else { throw Failure(.failure, "out of memory") }
        self.multi = OpaquePointer(multi)
        self.limits = limits
        self.say = say
        pace = HTTPPace(limits.parallel)
        authorities = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        _ = devbox_curl_multi_set_number(multi, CURLMOPT_MAX_HOST_CONNECTIONS, pace.connections)
        _ = devbox_curl_multi_set_number(multi, CURLMOPT_MAXCONNECTS, 64)
    }

    deinit { devbox_curl_multi_free(UnsafeMutableRawPointer(multi)) }

    /// Runs jobs until each is done.
    ///
    /// - Parameters:
    ///   - tick: called several times a second, for progress bars.
    ///   - done: called with each job that is done, while others still run.
    /// - Throws: `interrupted`. What a job fails of, it keeps.
    func run<Job: HTTPJob>(_ jobs: [Job], tick: () -> Void = {}, done: (Job) -> Void = { _ in }) throws {
        var ready = jobs[...]
        var paused: [(until: ContinuousClock.Instant, job: Job)] = []
        var running: [UnsafeMutableRawPointer: (job: Job, exchange: HTTPExchange)] = [:]
        var large = 0
        var ticked = ContinuousClock.now
        let multi = UnsafeMutableRawPointer(self.multi)
        defer { for handle in running.keys { devbox_curl_multi_remove(multi, handle) } }

        func end(_ job: Job, _ outcome: HTTPEnd) {
            switch job.end(outcome) {
            case .done: done(job)
            case .again(let pause): paused.append((.now + pause, job))
            }
        }
        func changePace(_ change: (inout HTTPPace) -> Void) {
            let before = pace.connections
            change(&pace)
            if pace.connections == before { return }
            _ = devbox_curl_multi_set_number(multi, CURLMOPT_MAX_HOST_CONNECTIONS, pace.connections)
        }
        func mayBegin(_ job: Job) -> Bool { pace.admits(isSmall: job.isSmall, running: running.count, large: large) }
        while !ready.isEmpty || !paused.isEmpty || !running.isEmpty {
            let now = ContinuousClock.now
            ready += paused.filter { $0.until <= now }.map(\.job)
            paused.removeAll { $0.until <= now }
            while let job = ready.first, mayBegin(job) {
                _ = ready.popFirst()
                if let until = job.address.origin.flatMap({ quiet[$0] }), until > now {
                    paused.append((until, job))
                    continue
                }
                do {
                    let handle = try idle.popLast() ?? HTTPHandle(limits, authorities)
                    running[handle.easy] = (job, try HTTPExchange(job, handle, limits: limits))
                    devbox_curl_multi_add(multi, handle.easy)
                    if !job.isSmall { large += 1 }
                } catch {
                    end(job, .failed(error as? any ReportableError ?? Failure(.failure, "\(error)")))
                }
            }
            devbox_curl_multi_perform(multi)
            var result = CURLE_OK
            while let easy = devbox_curl_multi_ended(multi, &result) {
                devbox_curl_multi_remove(multi, easy)
                guard let (job, exchange) = running.removeValue(forKey: easy) else { continue }
                if !job.isSmall { large -= 1 }
                if let head = exchange.answer {
                    changePace { $0.heard(head) }
                    heed(head, of: job.address)
                }
                end(job, exchange.outcome(result))
                idle.append(exchange.handle)
            }
            if now - ticked > .milliseconds(50) {
                ticked = now
                tick()
                try Interrupts.check()
            }
            if ready.first.map(mayBegin) == true || paused.isEmpty && running.isEmpty { continue }
            let next = paused.map(\.until).min().map { ($0 - .now).milliseconds } ?? 200
            let begin = ContinuousClock.now
            if devbox_curl_multi_poll(multi, Interrupts.descriptor, max(1, min(next, 200))) != 0 {
                throw Failure.interrupted
            }
            changePace { $0.waited(.now - begin) }
        }
    }
}

extension HTTPClient {
    /// Leaves a server alone that is asked too much, as long as it wants: what else is wanted of it waits too.
    private func heed(_ head: HTTPHead, of address: Address) {
        guard let origin = address.origin, Attempts.isTransient(head.status), let time = head.retryAfter,
            time <= limits.patience
        else { return }
        let until = ContinuousClock.now + time
        if time >= .seconds(2), quiet[origin] ?? .now < until - .seconds(1) {
            say("\(origin) answered \(head.status) and asks to be left alone for \(time.inWords)")
        }
        quiet[origin] = max(quiet[origin] ?? until, until)
    }
}

/// A libcurl handle with all that is the same for each exchange.
private final class HTTPHandle {
    let easy: UnsafeMutableRawPointer
    /// The file with the certificates of authorities, where it is not the host's own.
    let authorities: String?
    /// What libcurl says of an error beyond its kind.
    let details = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(_ limits: HTTPLimits, _ authorities: String?) throws {
        guard let easy = devbox_curl_easy_new() else { throw Failure(.failure, "out of memory") }
        (self.easy, self.authorities) = (easy, authorities)
        details.initialize(repeating: 0)
        let milliseconds = { (duration: Duration) in Int(duration.milliseconds) }
        if let authorities { set(CURLOPT_CAINFO, authorities) }
        devbox_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, details.baseAddress)
        set(CURLOPT_USERAGENT, "devbox")
        set(CURLOPT_FOLLOWLOCATION, 1)
        set(CURLOPT_MAXREDIRS, 5)
        set(CURLOPT_FAILONERROR, 1)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_NOPROGRESS, 1)
        // Logins where curl, git and apt's users have them: ~/.netrc.
        set(CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(limits.connect))
        set(CURLOPT_LOW_SPEED_LIMIT, 64)
        set(CURLOPT_LOW_SPEED_TIME, max(1, milliseconds(limits.stall) / 1000))
    }

    deinit {
        devbox_curl_easy_free(easy)
        details.deallocate()
    }

    func set(_ option: CURLoption, _ value: String) { devbox_curl_set_text(easy, option, value) }
    func set(_ option: CURLoption, _ value: Int) { devbox_curl_set_number(easy, option, value) }
}

/// One attempt of a job, and what has come.
private final class HTTPExchange {
    let handle: HTTPHandle
    let job: any HTTPJob
    private let limits: HTTPLimits
    private var head = HTTPHead()
    private var headerSize = 0
    private static let headerLimit = 128 << 10
    private var isTold = false
    private var thrown: (any ReportableError)?
    private var headers: UnsafeMutablePointer<curl_slist>?

    init(_ job: any HTTPJob, _ handle: HTTPHandle, limits: HTTPLimits) throws {
        let request = try job.request()
        (self.job, self.handle, self.limits) = (job, handle, limits)
        let easy = handle.easy
        // All that an earlier exchange may have set otherwise.
        handle.details[0] = 0
        handle.set(CURLOPT_URL, job.url)
        // It holds for redirects too.
        let scheme = job.address.origin?.hasPrefix("https:") == true ? "https" : "http"
        guard devbox_curl_set_scheme(easy, scheme) == CURLE_OK else {
            throw Failure(.missing, "libcurl knows no \(scheme)", hint: "apt-get install libcurl4")
        }
        handle.set(CURLOPT_TIMEOUT_MS, request.limit.map { Int($0.milliseconds) } ?? 0)
        // libcurl makes the buffer anew for each: a large one takes longer to be made than a small file to be read.
        handle.set(CURLOPT_BUFFERSIZE, job.isSmall ? 64 << 10 : 512 << 10)
        handle.set(request.headOnly ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1)
        for line in request.headers { headers = devbox_curl_list_append(headers, line) }
        devbox_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers)

        let context = Unmanaged.passUnretained(self).toOpaque()
        devbox_curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        devbox_curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        devbox_curl_set_sink(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context, let bytes else { return 0 }
            let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        devbox_curl_set_sink(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context, let bytes else { return 0 }
            let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.take(header: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
    }

    deinit {
        devbox_curl_set_pointer(handle.easy, CURLOPT_HTTPHEADER, nil)
        devbox_curl_list_free(headers)
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do {
            try tell()
            try job.take(bytes)
            return true
        } catch {
            thrown = error as? any ReportableError ?? Failure(.failure, "\(error)")
            return false
        }
    }

    private func take(header line: UnsafeRawBufferPointer) -> Bool {
        headerSize += line.count
        guard headerSize <= Self.headerLimit else {
            thrown = FetchError.refused(job.address, reason: "sends headers without end", hint: nil)
            return false
        }
        head.take(line: line)
        return true
    }

    private func tell() throws {
        if isTold { return }
        isTold = true
        try job.take(head)
    }

    /// The head of what a server answered; nil where none did.
    var answer: HTTPHead? { head.status > 0 ? head : nil }

    /// What libcurl's result means.
    func outcome(_ result: CURLcode) -> HTTPEnd {
        if let thrown { return .failed(thrown) }
        if result == CURLE_OK {
            guard head.status / 100 != 3 else {
                return .failed(FetchError.misled(job.address, reason: "redirects, but does not say where to"))
            }
            do {
                // A response without a body has not been told of.
                try tell()
                return .complete(head)
            } catch {
                return .failed(error as? any ReportableError ?? Failure(.failure, "\(error)"))
            }
        }
        func because(_ reason: String) -> FetchError { .unreachable(job.address, reason: reason) }
        let target = head[.location].map { Names.printable($0) }
        switch result {
        case CURLE_HTTP_RETURNED_ERROR: return .status(head)
        case CURLE_TOO_MANY_REDIRECTS:
            return .failed(FetchError.misled(job.address, reason: "redirects in circles, or too often"))
        case CURLE_URL_MALFORMAT:
            let what = target.map { "redirects to \($0), which" } ?? "cannot be asked: it"
            return .failed(FetchError.misled(job.address, reason: "\(what) is no address"))
        case CURLE_UNSUPPORTED_PROTOCOL:
            guard let target else { return .failed(because("answers with something that is not HTTP")) }
            return .failed(
                FetchError.misled(job.address, reason: "redirects to another scheme (\(target)), which is not followed")
            )
        case CURLE_OPERATION_TIMEDOUT:
            return .broken(
                because(isTold ? "stalls: nothing came for \(limits.stall.inWords)" : "does not answer in time"))
        case CURLE_COULDNT_RESOLVE_HOST: return .broken(because("cannot be reached: its host name is not known"))
        case CURLE_COULDNT_CONNECT:
            // libcurl names the place, which may be the proxy's.
            return .broken(because("cannot be reached: nobody answers there (\(reason(result)))"))
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            return .broken(because("broke off before everything had come"))
        case CURLE_COULDNT_RESOLVE_PROXY:
            return .broken(because("cannot be reached: its proxy's host name is not known"))
        case CURLE_PEER_FAILED_VERIFICATION:
            return .failed(FetchError.untrusted(job.address, reason: reason(result)))
        case CURLE_SSL_CACERT_BADFILE:
            return .failed(
                Failure(
                    .usage, "\(handle.authorities ?? "the host's certificates") cannot be used: \(reason(result))",
                    hint: "CURL_CA_BUNDLE or SSL_CERT_FILE names a file of certificates (PEM)"))
        default: return .broken(because("cannot be fetched: \(reason(result))"))
        }
    }

    private func reason(_ code: CURLcode) -> String {
        let text = handle.details.baseAddress.map { String(cString: $0) } ?? ""
        if !text.isEmpty { return Names.printable(text) }
        return devbox_curl_reason(code).map { String(cString: $0).lowercasedFirst } ?? "error \(code.rawValue)"
    }
}
