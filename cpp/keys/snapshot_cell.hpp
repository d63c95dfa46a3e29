// An immutable key set that many threads read and that is replaced at times. Each thread caches the current one, so
// that reading it again takes no lock and shares no memory with other readers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "jose/key_set.hpp"

namespace authjwks {

/// A key set at one point in time. Immutable.
using Snapshot = std::shared_ptr<const KeySet>;

class SnapshotCell {
  public:
    SnapshotCell();

    // What both return lies in the thread's cache, valid until the thread reads a cell again.

    /// The current snapshot if this thread has it in its cache; null otherwise. Lock-free.
    const Snapshot* cached() const;
    /// The current snapshot, which this thread caches. The caller holds the lock that guards replace().
    const Snapshot& read() const;
    void replace(Snapshot snapshot);

  private:
    std::uint64_t id_;  // unique in the process
    std::atomic<std::uint64_t> version_{1};
    Snapshot snapshot_;
};

}  // namespace authjwks
