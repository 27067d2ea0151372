/// Who knows what killed devboxes leave in some part of a work directory.
public protocol LeftoverReporting {
    /// What killed devboxes left there. Locks alone decide what is in use; that is neither told nor touched.
    ///
    /// - Parameter cleaning: whether what is found is cleaned away.
    func leftovers(cleaning: Bool) throws -> [Leftover]
}
