import DevboxCore
import Disks
import Images
import Stores
import SystemPackage

/// Removing images. It is here because only guests can say whether an image is in use.
public enum ImageRemoval {
    /// Removes an image as a whole.
    ///
    /// - Throws: `busy`, naming the guests that stand on it.
    public static func remove(_ name: String, guests: GuestStore) throws {
        let images = ImageStore(guests.work)
        _ = try images.load(name)
        let lock = try images.lock(name, for: "image remove")
        defer { _ = lock.descriptor }
        let users = try guests.names().filter { guest in
            try Files.exists(guests.files(guest).record) && guests.load(guest).image.name == name
        }
        guard users.isEmpty else {
            let shown =
                users.prefix(5).joined(separator: ", ") + (users.count > 5 ? " and \(users.count - 5) more" : "")
            throw Failure(.busy, "guests stand on the image \(name): \(shown)", hint: "remove them first")
        }
        try UnfinishedFolder.discard(images.image(name).path)
    }
}
