// Events of a source of keys, queued until they are dispatched: the threads that record them never call into Python.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "net/fetch.hpp"

namespace authjwks {

enum class EventKind : std::uint8_t {
    keys_changed,
    key_replaced,     ///< another key has the id of one that was published before
    replicas_differ,  ///< responses alternate between two sets, which both serve
    refresh_failed,
    stale_served,
    recovered,
    throttled,
    rechecked,  ///< a signature failed under a known key, so the issuer is asked for a newer one
};

inline constexpr std::array<std::string_view, 8> kEventNames{"keys_changed",   "key_replaced", "replicas_differ",
                                                             "refresh_failed", "stale_served", "recovered",
                                                             "throttled",      "rechecked"};

/// The name of the kind, for reports.
constexpr std::string_view name_of(EventKind kind) { return kEventNames[static_cast<std::size_t>(kind)]; }

struct SourceEvent {
    EventKind kind;
    std::optional<FetchFailure> failure{};  ///< of refresh_failed
};

/// Bounded: if there are too many events, the oldest are dropped. The owner's lock guards all but pending().
class SourceEvents {
  public:
    static constexpr std::size_t kMaxQueued = 64;

    void add(SourceEvent event) {
        if (queue_.size() == kMaxQueued) queue_.pop_front();
        queue_.push_back(std::move(event));
        pending_.store(true, std::memory_order_release);
    }

    /// Whether take() would return anything. Lock-free.
    bool pending() const noexcept { return pending_.load(std::memory_order_acquire); }

    std::vector<SourceEvent> take() {
        pending_.store(false, std::memory_order_release);
        std::deque<SourceEvent> taken = std::exchange(queue_, {});
        return {std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end())};
    }

  private:
    std::deque<SourceEvent> queue_;
    std::atomic<bool> pending_{false};
};

}  // namespace authjwks
