// A place for an immutable value that many threads read and one replaces: a thread that has read the current one before
// reads it again without a lock, and without touching memory that other readers write.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "jose/key_set.hpp"

namespace authjwks {

/// A key set as it was at one time. Never changes.
using Snapshot = std::shared_ptr<const KeySet>;

class SnapshotCell {
  public:
    SnapshotCell();

    /// The current snapshot if this thread has read it before; null otherwise. Lock-free.
    Snapshot remembered() const;
    /// The current snapshot, to be remembered by this thread. The caller holds the lock that guards replace().
    Snapshot read() const;
    void replace(Snapshot snapshot);

  private:
    std::uint64_t id_;  // of this cell among all that the process ever had
    std::atomic<std::uint64_t> version_{1};
    Snapshot snapshot_;
};

}  // namespace authjwks
