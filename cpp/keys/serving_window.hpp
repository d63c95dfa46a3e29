// The time in which the keys at hand may be used without the lock of their source: state that all readers share,
// lock-free.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

namespace authjwks {

/// All members may be called from any thread; those that change the window with the source's lock held.
class ServingWindow {
  public:
    enum class Start : std::uint8_t { closed, never_ends };
    explicit ServingWindow(Start start) : end_(start == Start::closed ? kClosed : kNeverEnds) {}

    /// Whether the keys may be used at `now()`, which is not called where there is no end. Records the use.
    template <class Now>
    bool admits(const Now& now) noexcept {
        if (end_.load(std::memory_order_relaxed) == kNeverEnds) return true;
        record_use();
        if (count(now()) >= end_.load(std::memory_order_acquire)) return false;
        if (stale_.load(std::memory_order_relaxed)) stale_uses_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }

    /// Changes the end. @param stale  whether the keys are past their ttl. @return whether they were not before.
    bool set_end(Tick end, bool stale) noexcept {
        const bool was_stale = stale_.exchange(stale, std::memory_order_relaxed);
        end_.store(count(end), std::memory_order_release);
        return stale && !was_stale;
    }
    void close() noexcept { end_.store(kClosed, std::memory_order_release); }

    /// How often keys were used that are past their ttl.
    std::uint64_t stale_uses() const noexcept { return stale_uses_.load(std::memory_order_relaxed); }

    /// Records that somebody needs the keys. Writes only where that was not recorded yet.
    void record_use() noexcept {
        if (!used_.load(std::memory_order_relaxed)) used_.store(true, std::memory_order_relaxed);
    }
    /// Whether there was a use since the last call.
    bool take_use() noexcept { return used_.exchange(false); }

  private:
    static constexpr Clock::rep kClosed = Clock::duration::min().count();
    static constexpr Clock::rep kNeverEnds = Clock::duration::max().count();
    static Clock::rep count(Tick tick) noexcept { return tick.time_since_epoch().count(); }

    std::atomic<Clock::rep> end_;
    std::atomic<bool> used_{false}, stale_{false};
    std::atomic<std::uint64_t> stale_uses_{0};
};

}  // namespace authjwks
