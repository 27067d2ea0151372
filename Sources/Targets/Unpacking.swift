import Archives
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Unpacks an archive from a pipe while something else fills it.
final class Unpacking: @unchecked Sendable {
    let pipe: Pipe
    private let name: String
    private let folder: FilePath
    private var thread = pthread_t()
    private var result: Result<LeftOut, any Error> = .success(LeftOut())

    init(_ pipe: Pipe, name: String, into folder: FilePath) {
        (self.pipe, self.name, self.folder) = (pipe, name, folder)
    }

    func start() {
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let unpacking = Unmanaged<Unpacking>.fromOpaque(context).takeUnretainedValue()
                unpacking.result = Result {
                    try ArchiveExtractor.extract(unpacking.pipe.readEnd, name: unpacking.name, into: unpacking.folder)
                }
                // A sender that goes on must not wait for a reader that has given up.
                unpacking.pipe.closeReadEnd()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The result is read only when the thread has ended.
    func finish() -> Result<LeftOut, any Error> {
        pthread_join(thread, nil)
        return result
    }
}
