/// The time that the kernel puts in front of a message.
public enum PrintkStamp {
    /// "[    1.234567] ", as print_time() in kernel/printk/printk.c writes it.
    ///
    /// - Parameter nanoseconds: since the kernel booted.
    public static func text(nanoseconds: UInt64) -> String {
        let (seconds, micro) = ("\(nanoseconds / 1_000_000_000)", "\(nanoseconds % 1_000_000_000 / 1000)")
        return "[" + String(repeating: " ", count: max(0, 5 - seconds.count)) + seconds + "."
            + String(repeating: "0", count: 6 - micro.count) + micro + "] "
    }
}
