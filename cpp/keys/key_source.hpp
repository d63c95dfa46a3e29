// An issuer's keys over time: readers take the current snapshot without waiting, and all that need newer keys share one
// fetch.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fork_guard.hpp"
#include "base/result.hpp"
#include "keys/fetch_in_progress.hpp"
#include "keys/issuer_record.hpp"
#include "keys/key_source_dependencies.hpp"
#include "keys/serving_window.hpp"
#include "keys/source_report.hpp"
#include "keys/wait_policy.hpp"
#include "net/fetch.hpp"

namespace authjwks {

/// Made by std::make_shared. Thread-safe, and usable in a process forked from one that uses it.
class KeySource : public ForkAware, public std::enable_shared_from_this<KeySource> {
  public:
    /// Keys that never change. @param label  what reports call the source.
    KeySource(KeySet keys, std::string label);
    KeySource(const KeyOptions& options, KeySourceDependencies dependencies);
    ~KeySource() override;
    KeySource(const KeySource&) = delete;
    KeySource& operator=(const KeySource&) = delete;

    /// The keys at hand if they may be used now; null when obtain() has to decide. Lock-free.
    Snapshot ready() const {
        const Snapshot* const keys = peek();
        return keys != nullptr ? *keys : nullptr;
    }
    /// Whether ready() would return the set with this id, without taking a share of it, which threads would contend
    /// for.
    bool serves(std::uint64_t key_set) const;

    /// The keys. A fetch is needed when there are none, or none that were fetched within their ttl. While the issuer
    /// fails, keys that may still serve are returned at once. @return keys_unavailable, or source_closed.
    OrPending<Obtained> obtain(WaitPolicy wait);

    /// Keys newer than `seen`, which has none named `key_id`; or `seen`, when the issuer was asked for it and has no
    /// such key either. @return keys_unavailable while it does not respond, or may not be asked yet.
    OrPending<Snapshot> renew(const Snapshot& seen, std::optional<std::string_view> key_id, WaitPolicy wait);

    /// Has the issuer asked, as far as it may be, since a signature failed under a key of `seen`: the key may have been
    /// replaced under its id. Never waits.
    void recheck(const Snapshot& seen);

    /// Waits for the fetch that a call returned Pending for.
    void wait();
    /// Asks the issuer now, and waits. @return nothing, or why the fetch failed.
    std::optional<FetchFailure> refresh();
    /// Ends all fetching for good. The keys at hand serve until their time is over.
    void close();

    /// Runs the fetch that is due: one that was asked for, or one ahead of expiry. Returns when it has ended.
    void run_due_work();
    /// Whether run_due_work() is to be called for a source without KeySourceDependencies::wake. Lock-free.
    bool has_due_work() const;

    /// How long a caller for whom there was no key should wait before it asks again.
    Clock::duration retry_after() const;
    SourceReport report() const;
    const std::string& label() const noexcept { return dependencies_.label; }
    /// How long a caller waits at most.
    Clock::duration timeout() const noexcept { return options_.timeout; }
    bool has_events() const noexcept { return issuer_.events.pending(); }
    std::vector<SourceEvent> take_events();

    /// Whether the latest fetch failed and there are no keys that may serve.
    bool has_failed() const;

  private:
    static constexpr Clock::rep kNever = Clock::duration::max().count();
    using Lock = std::unique_lock<std::mutex>;

    const Snapshot* peek() const;
    Errc unavailable() const noexcept { return closed_ ? Errc::source_closed : Errc::keys_unavailable; }
    bool wants_keys(Tick now) const;
    bool is_worth_waiting(Tick now) const;
    bool is_known_to_be_missing(std::optional<std::string_view> key_id, std::uint64_t sent_before,
                                WaitPolicy wait) const;
    bool start_fetch_for(std::optional<std::string_view> key_id);
    void start_fetch(Need need);
    void start_unawaited_fetch(Need need);
    void begin_fetch(Need need);
    void check_fetch_deadline(Tick now);
    void run_fetch(Lock& lock);
    void fail_fetch(FetchFault fault);
    void record(Result<LoadedKeys, FetchFailure> loaded);
    bool wait_for_fetch(Lock& lock, Tick until);
    void settle(Tick now);
    void schedule(Tick at);
    bool is_in_use();
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override;

    const KeySourceDependencies dependencies_;
    const KeyOptions options_;
    mutable ServingWindow window_;
    std::atomic<Clock::rep> due_at_{kNever};  // for has_due_work()

    mutable std::mutex mutex_;  // guards all below
    IssuerRecord issuer_;
    FetchInProgress fetch_;
    unsigned int idle_refreshes_ = 0;
    bool closed_ = false, must_reschedule_ = false;
};

}  // namespace authjwks
