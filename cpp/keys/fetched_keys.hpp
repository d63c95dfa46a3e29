// What an issuer has published so far: the keys that were fetched last, where they are from, and the outcomes of
// fetches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "keys/discovery.hpp"
#include "keys/snapshot_cell.hpp"
#include "net/fetch.hpp"

namespace authjwks {

/// The owner's lock guards all but cached().
class FetchedKeys {
  public:
    /// The keys, if this thread has read them last; null when read() is needed. Lock-free.
    Snapshot cached() const { return snapshot_.cached(); }
    /// The keys; null before the first ones.
    Snapshot read() const { return snapshot_.read(); }

    void replace(KeySet keys) { snapshot_.replace(std::make_shared<const KeySet>(std::move(keys))); }

    /// Records a fetch that succeeded. @return whether it brought another key set.
    bool record(LoadedKeys loaded) {
        ++fetches_;
        last_error_.reset();
        origin_ = std::move(loaded.origin);
        if (!loaded.keys) return false;
        replace(*std::move(loaded.keys));
        return true;
    }
    /// Records a fetch that failed.
    void record(FetchFault fault) {
        ++fetches_;
        last_error_ = fault;
    }

    const Origin& origin() const noexcept { return origin_; }
    std::uint64_t fetches() const noexcept { return fetches_; }
    /// Why the latest fetch failed; nothing if it succeeded.
    std::optional<FetchFault> last_error() const noexcept { return last_error_; }

  private:
    SnapshotCell snapshot_;
    Origin origin_;
    std::uint64_t fetches_ = 0;
    std::optional<FetchFault> last_error_;
};

}  // namespace authjwks
