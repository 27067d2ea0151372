import DevboxCore

/// What became of one of several things that were tried together: like Result, but of any error that a user can read.
public enum Attempt<Value> {
    case success(Value)
    case failure(any ReportableError)

    /// Keeps what `body` returns or throws.
    init(catching body: () throws -> Value) {
        do {
            self = .success(try body())
        } catch {
            self = .failure(error as? any ReportableError ?? Failure(.failure, "\(error)"))
        }
    }

    /// The same, with another value in the place of a value.
    func map<Other>(_ change: (Value) -> Other) -> Attempt<Other> {
        switch self {
        case .success(let value): .success(change(value))
        case .failure(let error): .failure(error)
        }
    }

    /// The value, or the error thrown.
    public func get() throws -> Value {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw error
        }
    }
}

extension Attempt: Sendable where Value: Sendable {}
