// What happens to a source of keys, kept until somebody asks: the threads that see it never call into Python.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "net/fetch.hpp"

namespace authjwks {

enum class EventKind : std::uint8_t { keys_changed, refresh_failed, stale_served, recovered, throttled };

inline constexpr std::array<std::string_view, 5> kEventNames{"keys_changed", "refresh_failed", "stale_served",
                                                             "recovered", "throttled"};

/// The kind as a word for reports.
constexpr std::string_view name_of(EventKind kind) { return kEventNames[static_cast<std::size_t>(kind)]; }

struct SourceEvent {
    EventKind kind;
    std::optional<FetchFault> fault{};  ///< of refresh_failed
};

/// Bounded: of too many events the oldest are forgotten. The owner's lock guards all but pending().
class SourceEvents {
  public:
    static constexpr std::size_t kMaxKept = 64;

    void add(SourceEvent event) {
        if (kept_.size() == kMaxKept) kept_.pop_front();
        kept_.push_back(event);
        pending_.store(true, std::memory_order_release);
    }

    /// Whether take() would return anything. Lock-free.
    bool pending() const noexcept { return pending_.load(std::memory_order_acquire); }

    std::vector<SourceEvent> take() {
        pending_.store(false, std::memory_order_release);
        const std::deque<SourceEvent> taken = std::exchange(kept_, {});
        return {taken.begin(), taken.end()};
    }

  private:
    std::deque<SourceEvent> kept_;
    std::atomic<bool> pending_{false};
};

}  // namespace authjwks
