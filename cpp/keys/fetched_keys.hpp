// What an issuer has published so far: the keys that were fetched last, where they are from, and the outcomes of
// fetches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keys/discovery.hpp"
#include "keys/snapshot_cell.hpp"
#include "net/fetch.hpp"

namespace authjwks {

/// The owner's lock guards all but cached().
class FetchedKeys {
  public:
    /// What a response changes.
    struct Change {
        bool keys = false;             ///< other keys serve now
        bool replaces_a_key = false;   ///< one of them has the id of a former one
        bool replicas_differ = false;  ///< two servers answer for the issuer, and the keys of both serve from now on
        std::vector<std::string> withdrawn{};  ///< names of keys that no longer serve
    };

    /// The keys, if this thread has read them last; null when read() is needed. Lock-free.
    const Snapshot* cached() const { return snapshot_.cached(); }
    /// The keys; null before the first ones.
    const Snapshot& read() const { return snapshot_.read(); }

    void replace(KeySet keys);

    /// Records a fetch that succeeded. Two sets that have alternated twice are those of two servers; the keys of both
    /// serve until one has not been seen for `memory`.
    Change record(LoadedKeys loaded, Tick now, Clock::duration memory);
    /// Records a fetch that failed.
    void record(FetchFailure failure) {
        ++fetches_;
        last_failure_ = std::move(failure);
    }

    const Origin& origin() const noexcept { return current_.origin; }
    std::uint64_t fetches() const noexcept { return fetches_; }
    /// Why the latest fetch failed; nothing if it succeeded.
    const std::optional<FetchFailure>& last_failure() const noexcept { return last_failure_; }

  private:
    static constexpr unsigned int kReturnsOfReplicas = 2;  // one may be a rollback
    struct Response {
        Origin origin{};
        Tick seen_at{};
    };
    Change replace_by(KeySet keys);
    bool is_joined() const noexcept { return returns_ >= kReturnsOfReplicas; }

    SnapshotCell snapshot_;
    Response current_;
    std::optional<Response> former_;  // the one before, with another body
    unsigned int returns_ = 0;        // how often the former one has come back, each time in place of the other
    std::uint64_t fetches_ = 0;
    std::optional<FetchFailure> last_failure_;
};

}  // namespace authjwks
