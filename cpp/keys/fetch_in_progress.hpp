// The one fetch that a source of keys may have in progress, and the callers who wait for it to end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "keys/refresh_gate.hpp"

namespace authjwks {

/// All members are called with the owner's lock held.
class FetchInProgress {
  public:
    using Lock = std::unique_lock<std::mutex>;
    using Interrupted = std::function<bool()>;
    using Id = std::uint64_t;

    /// How many abandoned fetches may still run before no other is started, as each one occupies a thread.
    static constexpr std::size_t kMaxAbandoned = 4;

    bool exists() const noexcept { return current_.has_value(); }
    bool is_running() const noexcept { return current_ && current_->runner; }
    /// Whether waiting makes sense on this thread: the fetch is before its deadline, and not run by this thread itself.
    bool is_awaitable(Tick now) const;
    bool may_start() const noexcept { return !current_ && abandoned_ < kMaxAbandoned; }

    Need need() const { return current_->need; }
    /// Whether its response comes past all caches, and so is the issuer's own at the time of the request.
    bool is_past_caches() const { return current_->past_caches; }
    /// Whether its response decides what was asked before now: its request has not been sent yet.
    bool is_conclusive() const { return current_->past_caches && !current_->runner; }
    Tick deadline() const { return current_->deadline; }
    void set_deadline(Tick deadline) { current_->deadline = deadline; }

    /// Begins a fetch that some thread is to run() soon.
    void start(Need need, bool past_caches, Tick deadline);
    /// Makes this thread the one that runs the fetch.
    Id run();
    /// Ends the fetch that run() began, and wakes all that wait. @return false when it was abandoned meanwhile, so that
    /// its result is discarded.
    bool complete(Id id);
    /// Ends the fetch without a result, whether it is running or not.
    void abandon();

    /// Waits for the end of the current fetch. @param interrupted if given, called without the lock several times a
    /// second; true ends the wait. @return whether the fetch has ended.
    bool wait(Lock& lock, Clock::duration at_most, const Interrupted& interrupted);

    /// Resets the state in a forked child, where the threads that ran fetches or waited do not exist.
    void reset_after_fork();

  private:
    struct Fetch {
        Id id;
        Need need;
        bool past_caches;
        Tick deadline;
        std::optional<std::thread::id> runner{};
    };
    void end();

    std::condition_variable ended_;
    std::optional<Fetch> current_;
    Id last_id_ = 0;
    std::size_t abandoned_ = 0;  // those that still run
};

}  // namespace authjwks
