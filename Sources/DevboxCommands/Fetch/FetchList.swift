import DevboxCore
import Fetch

/// `devbox fetch --list`: what there is, newest first.
struct FetchList {
    private let fetcher: Fetcher
    private let options: GlobalOptions

    init(_ fetcher: Fetcher, _ options: GlobalOptions) { (self.fetcher, self.options) = (fetcher, options) }

    private struct Row: Encodable {
        let package: String
        let date: CalendarDay?
        let packageVersion: String
        let architecture: Architecture
        let format: PackageFormat
        let kernelVersion: String?
        let size: Int64?
        let isFetched: Bool
        let source: String
        let address: String
    }

    func show(_ queries: [BuildQuery], since: DateArgument?, until: DateArgument?, source: String?) throws {
        var rows: [Row] = []
        for var query in queries {
            query.since = since?.choice.limit
            query.notAfter = until?.choice.limit ?? query.notAfter
            for build in try fetcher.list(query, source: source) {
                rows.append(
                    Row(
                        package: build.package, date: build.date, packageVersion: build.version,
                        architecture: build.architecture, format: build.format, kernelVersion: build.kernelVersion,
                        size: build.size.bytes, isFetched: try fetcher.fetched(build) != nil, source: build.source,
                        address: build.address.description))
            }
        }
        // Most sources are not divided by kernels.
        let hasKernels = rows.contains { $0.kernelVersion != nil }
        var table = Table(
            ["PACKAGE", "DATE", "VERSION"] + (hasKernels ? ["KERNEL"] : []) + [
                "ARCH", "FORMAT", "SIZE", "FETCHED", "SOURCE",
            ])
        for row in rows {
            table.add(
                [row.package, row.date?.description, row.packageVersion] + (hasKernels ? [row.kernelVersion] : []) + [
                    row.architecture.rawValue, row.format.rawValue, row.size.map(ByteSize.text),
                    row.isFetched ? "yes" : "no", row.source,
                ])
        }
        options.console.detail("\(fetcher.requests) requests")
        try options.print(rows, table.text)
    }
}
