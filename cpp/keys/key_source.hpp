// An issuer's keys over time: readers take the current snapshot and wait for nothing; newer keys are fetched once for
// all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fork_guard.hpp"
#include "base/result.hpp"
#include "keys/fetch_in_progress.hpp"
#include "keys/key_source_dependencies.hpp"
#include "keys/negative_cache.hpp"
#include "keys/refresh_gate.hpp"
#include "keys/snapshot_cell.hpp"
#include "keys/source_events.hpp"
#include "keys/source_report.hpp"
#include "keys/wait_policy.hpp"
#include "net/fetch.hpp"

namespace authjwks {

/// Made by std::make_shared. Safe from many threads, and in a process forked from one that uses it.
class KeySource : public ForkAware, public std::enable_shared_from_this<KeySource> {
  public:
    /// Keys that never change, under a name for reports.
    KeySource(KeySet keys, std::string label);
    KeySource(const KeyOptions& options, KeySourceDependencies dependencies);
    ~KeySource() override;
    KeySource(const KeySource&) = delete;
    KeySource& operator=(const KeySource&) = delete;

    /// The keys at hand if they may judge now; null when obtain() must decide. Lock-free.
    Snapshot ready() const;

    /// The keys; waits for a fetch when there are none, or none that were asked for since their ttl. While the issuer
    /// fails, keys that may serve are returned at once. @return keys_unavailable.
    OrPending<Obtained> obtain(WaitPolicy wait);

    /// Keys newer than `seen`, which lacks the one named `key_id`; or `seen`, when the issuer has been asked and has no
    /// other, or too recently to be asked again. @return keys_unavailable while it does not answer.
    OrPending<Snapshot> renew(const Snapshot& seen, std::optional<std::string_view> key_id, WaitPolicy wait);

    /// Waits for the answer that a call without wait would have waited for.
    void wait();
    /// Asks the issuer now, whatever is at hand, and waits. @return nothing, or why no answer came.
    std::optional<FetchFault> refresh();
    /// Ends all fetching for good; keys at hand serve out their time.
    void close();

    /// Does what is due: a fetch that was asked for, or one ahead of expiry. Returns when it is done.
    void run_due_work();
    /// Whether tick() is due in a source that nobody wakes. Lock-free.
    bool has_due_work() const;

    /// How long to wait before keys are worth asking for again.
    Clock::duration retry_after() const;
    SourceReport report() const;
    const std::string& label() const noexcept { return dependencies_.label; }
    /// For how long a caller waits at most.
    Clock::duration timeout() const noexcept { return options_.timeout; }
    bool has_events() const noexcept { return events_.pending(); }
    std::vector<SourceEvent> take_events();

    /// Whether the issuer has been asked in vain and has no keys that may serve.
    bool has_failed() const;

  private:
    static constexpr Clock::rep kForever = Clock::duration::max().count();
    static constexpr std::size_t kMaxKeyIdBytes = 256;  // a longer one is not remembered as unknown
    using Lock = std::unique_lock<std::mutex>;

    Snapshot current() const;
    bool wants_keys(Tick now) const;
    bool is_worth_waiting(Tick now) const;
    Result<Snapshot> conclude_after_fetch(const Snapshot& seen, std::optional<std::string_view> key_id);
    std::optional<Result<Snapshot>> conclude_without_fetch(const Snapshot& seen,
                                                           std::optional<std::string_view> key_id);
    void start_fetch(Need need);
    void check_fetch_deadline(Tick now);
    void run_fetch(Lock& lock);
    void fail_fetch(FetchFault fault);
    void record(Result<LoadedKeys, FetchFault> loaded);
    void publish(LoadedKeys loaded, Tick now);
    bool wait_for_fetch(Lock& lock, Tick until);
    void settle(Tick now);
    SourceState state(Tick now) const;
    void schedule(Tick at);
    bool is_in_use();
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override;

    const KeySourceDependencies dependencies_;
    const KeyOptions options_;
    std::atomic<Clock::rep> settled_until_;     // ready() answers before this tick
    std::atomic<Clock::rep> due_at_{kForever};  // for has_due_work()
    mutable std::atomic<bool> asked_{false}, serving_stale_{false};
    mutable std::atomic<std::uint64_t> stale_serves_{0};

    mutable std::mutex mutex_;  // guards all below
    SnapshotCell snapshot_;
    RefreshGate gate_;
    NegativeCache unknown_{kMaxKeyIdBytes};
    SourceEvents events_;
    FetchInProgress fetch_;
    std::uint64_t fetches_ = 0, throttled_ = 0;
    std::optional<FetchFault> last_error_;
    Origin origin_;  // of the snapshot
    unsigned int idle_rounds_ = 0;
    bool closed_ = false, announced_throttling_ = false, must_reschedule_ = false;
};

}  // namespace authjwks
