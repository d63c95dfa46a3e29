#include "keys/key_source.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace authjwks {
namespace {

/// How many refreshes ahead of expiry are made for a source that is not used.
constexpr unsigned int kMaxIdleRefreshes = 4;

Clock::rep count(Tick tick) { return tick.time_since_epoch().count(); }

}  // namespace

KeySource::KeySource(KeySet keys, std::string label)
    : dependencies_{.label = std::move(label)}, window_(ServingWindow::Start::never_ends), gate_(options_) {
    keys_.replace(std::move(keys));
}

KeySource::KeySource(const KeyOptions& options, KeySourceDependencies dependencies)
    : dependencies_(std::move(dependencies)), options_(options), window_(ServingWindow::Start::closed), gate_(options) {
    ForkGuard::add(*this, ForkGuard::Rank::source);
}

KeySource::~KeySource() {
    ForkGuard::remove(*this);
    if (dependencies_.cancel) dependencies_.cancel(*this);
}

Snapshot KeySource::current() const {
    if (auto keys = keys_.cached()) return keys;
    const Lock lock(mutex_);
    return keys_.read();
}

Snapshot KeySource::ready() const {
    if (window_.never_ends()) return current();
    window_.record_use();
    if (!window_.is_open(dependencies_.now())) return nullptr;
    window_.count_stale_use();
    return current();
}

/// Whether to start a fetch for keys: not while there is one, nor while the keys at hand are within their ttl.
bool KeySource::wants_keys(Tick now) const {
    return fetch_.may_start() && !closed_ && gate_.phase(now) != Phase::fresh && gate_.allows(Need::keys, now);
}

/// Whether to wait for the fetch; not while the issuer fails and the keys at hand may still serve.
bool KeySource::is_worth_waiting(Tick now) const {
    return fetch_.is_awaitable(now) && !(gate_.may_serve(now) && gate_.is_failing());
}

OrPending<Obtained> KeySource::obtain(WaitPolicy wait) {
    if (auto keys = ready()) return Result(Obtained{std::move(keys), false});
    Lock lock(mutex_);
    const Tick now = dependencies_.now();
    check_fetch_deadline(now);
    bool awaited = false;
    if (wait != WaitPolicy::no_fetch) {
        if (wants_keys(now)) start_fetch(Need::keys);
        const bool waits = is_worth_waiting(now);
        if (waits && wait == WaitPolicy::never) return Pending{.is_conclusive = true};
        awaited = waits && wait_for_fetch(lock, fetch_.deadline());
    }
    if (std::exchange(must_reschedule_, false)) {
        gate_.spread(dependencies_.jitter());
        schedule(gate_.refresh_at());
    }
    settle(dependencies_.now());
    if (!gate_.may_serve(dependencies_.now())) return Result<Obtained>(unavailable());
    return Result(Obtained{keys_.read(), awaited && !gate_.is_failing()});
}

OrPending<Snapshot> KeySource::renew(const Snapshot& seen, std::optional<std::string_view> key_id, WaitPolicy wait) {
    if (!dependencies_.load) return Result(seen);
    Lock lock(mutex_);
    const Tick deadline = dependencies_.now() + options_.timeout;
    bool asked_for_it = wait == WaitPolicy::no_fetch;
    while (keys_.read() == seen) {
        check_fetch_deadline(dependencies_.now());
        if (asked_for_it) return conclude_after_fetch(seen, key_id);
        if (const auto verdict = conclude_without_fetch(seen, key_id)) return *verdict;
        if (!fetch_.exists()) start_fetch(Need::unknown_key);
        if (!fetch_.exists()) continue;
        // A fetch that was already in progress may get a response from a cache.
        asked_for_it = fetch_.need() != Need::keys;
        if (wait == WaitPolicy::never) return Pending{.is_conclusive = asked_for_it};
        if (!wait_for_fetch(lock, std::min(fetch_.deadline(), deadline)))
            return Result<Snapshot>(Errc::keys_unavailable);
    }
    return gate_.may_serve(dependencies_.now()) ? Result(keys_.read()) : Result<Snapshot>(unavailable());
}

/// Decides on an unknown key once the issuer was asked for it. An issuer that failed, or has not responded within the
/// time of the fetch, may have the key.
Result<Snapshot> KeySource::conclude_after_fetch(const Snapshot& seen, std::optional<std::string_view> key_id) {
    if (fetch_.exists() || gate_.is_failing()) return Errc::keys_unavailable;
    unknown_.add_missing(key_id, dependencies_.now() + options_.cooldown);
    return seen;
}

/// Decides on an unknown key without a fetch; nothing when there is a fetch to wait for, or one may be started. An
/// issuer that fails may have published the key meanwhile; one that responded just now has not.
std::optional<Result<Snapshot>> KeySource::conclude_without_fetch(const Snapshot& seen,
                                                                  std::optional<std::string_view> key_id) {
    const Tick now = dependencies_.now();
    if (unknown_.is_missing(key_id, now)) return seen;
    const bool may_ask = fetch_.may_start() && !closed_ && gate_.allows(Need::unknown_key, now);
    if (may_ask || fetch_.is_awaitable(now)) return std::nullopt;
    if (fetch_.exists() || gate_.is_failing()) return Errc::keys_unavailable;
    if (unknown_.throttle()) events_.add({EventKind::throttled});
    return seen;
}

/// Abandons a fetch that goes on for a whole timeout past its deadline, as a function of the user may. Where no thread
/// is woken, a fetch that has not begun is run by the first caller to wait for it, and gets its full time from now.
void KeySource::check_fetch_deadline(Tick now) {
    if (fetch_.is_running() && now >= fetch_.deadline() + options_.timeout) fail_fetch(FetchFault::timed_out);
    if (fetch_.exists() && !fetch_.is_running() && !dependencies_.wake) fetch_.set_deadline(now + options_.timeout);
}

void KeySource::wait() {
    Lock lock(mutex_);
    if (fetch_.exists() && fetch_.is_awaitable(dependencies_.now())) wait_for_fetch(lock, fetch_.deadline());
}

std::optional<FetchFault> KeySource::refresh() {
    if (!dependencies_.load) return std::nullopt;
    Lock lock(mutex_);
    if (closed_) return FetchFault::stopped;
    check_fetch_deadline(dependencies_.now());
    if (fetch_.may_start()) start_fetch(Need::command);
    if (!fetch_.exists()) return keys_.last_error();
    if (!fetch_.is_awaitable(dependencies_.now()) || !wait_for_fetch(lock, fetch_.deadline()))
        return FetchFault::timed_out;
    return keys_.last_error();
}

void KeySource::close() {
    const Lock lock(mutex_);
    closed_ = true;
}

/// Starts a fetch, which is run by the thread that is woken for it, or by the first caller to wait for it.
void KeySource::start_fetch(Need need) {
    const Tick now = dependencies_.now();
    gate_.started(need, now);
    fetch_.start(need, now + options_.timeout);
    unknown_.fetch_started();
    if (dependencies_.wake && !dependencies_.wake(shared_from_this(), now)) fail_fetch(FetchFault::stopped);
}

void KeySource::run_fetch(Lock& lock) {
    const auto id = fetch_.run();
    const LoadRequest request{fetch_.deadline(), fetch_.need() != Need::keys, keys_.origin()};
    due_at_.store(count(fetch_.deadline() + options_.timeout), std::memory_order_release);
    lock.unlock();
    auto loaded = dependencies_.load_or_fail(request);
    lock.lock();
    fetch_.complete(id) ? record(std::move(loaded)) : schedule(gate_.refresh_at());
}

void KeySource::fail_fetch(FetchFault fault) {
    fetch_.abandon();
    record(fault);
}

/// Records the outcome of a fetch that has just ended.
void KeySource::record(Result<LoadedKeys, FetchFault> loaded) {
    const Tick now = dependencies_.now();
    if (loaded) {
        if (gate_.is_failing()) events_.add({EventKind::recovered});
        const bool is_first = !gate_.fetched_at();
        gate_.succeeded(now, loaded->lifetime, dependencies_.jitter());
        if (keys_.record(*std::move(loaded))) {
            if (!is_first) events_.add({EventKind::keys_changed});
            unknown_.clear();
        }
    } else {
        gate_.failed(now, dependencies_.jitter());
        keys_.record(loaded.error());
        events_.add({EventKind::refresh_failed, loaded.error()});
    }
    settle(now);
    schedule(gate_.refresh_at());
}

/// Waits for the fetch, or runs it where no thread is woken. @return whether it ended by `until`.
bool KeySource::wait_for_fetch(Lock& lock, Tick until) {
    if (dependencies_.wake || fetch_.is_running())
        return fetch_.wait(lock, until - dependencies_.now(), dependencies_.interrupted);
    run_fetch(lock);
    return true;
}

/// Sets until when ready() may return keys without a look at the state here.
void KeySource::settle(Tick now) {
    if (window_.set_end(gate_.settled_until(now), gate_.serves_stale(now))) events_.add({EventKind::stale_served});
}

void KeySource::schedule(Tick at) {
    due_at_.store(count(at), std::memory_order_release);
    if (dependencies_.wake && !closed_) dependencies_.wake(shared_from_this(), at);
}

void KeySource::run_due_work() {
    if (!dependencies_.load) return;
    Lock lock(mutex_);
    const Tick now = dependencies_.now();
    check_fetch_deadline(now);
    if (!fetch_.exists() && !closed_) {
        due_at_.store(kNever, std::memory_order_release);
        if (!is_in_use() || !fetch_.may_start()) return;
        if (!gate_.allows(Need::keys, now)) {
            schedule(gate_.refresh_at());
            return;
        }
        gate_.started(Need::keys, now);
        fetch_.start(Need::keys, now + options_.timeout);
    }
    if (fetch_.exists() && !fetch_.is_running()) run_fetch(lock);
}

bool KeySource::has_due_work() const {
    const auto due_at = due_at_.load(std::memory_order_acquire);
    return due_at != kNever && !dependencies_.wake && count(dependencies_.now()) >= due_at;
}

bool KeySource::is_in_use() {
    idle_refreshes_ = window_.take_use() ? 0 : idle_refreshes_ + 1;
    return idle_refreshes_ <= kMaxIdleRefreshes;
}

Clock::duration KeySource::retry_after() const {
    const Lock lock(mutex_);
    const Tick now = dependencies_.now();
    return gate_.retry_at(now) - now;
}

bool KeySource::has_failed() const {
    const Lock lock(mutex_);
    return !fetch_.exists() && gate_.is_failing() && !gate_.may_serve(dependencies_.now());
}

std::vector<SourceEvent> KeySource::take_events() {
    const Lock lock(mutex_);
    return events_.take();
}

SourceReport KeySource::report() const {
    const Lock lock(mutex_);
    SourceReport report{.state = SourceState::fixed,
                        .refreshing = fetch_.exists(),
                        .age = {},
                        .next_refresh = {},
                        .last_error = keys_.last_error(),
                        .fetches = keys_.fetches(),
                        .stale_serves = window_.stale_uses(),
                        .throttled = unknown_.throttled(),
                        .keys = keys_.read()};
    if (dependencies_.load) report.add_times(gate_, dependencies_.now());
    return report;
}

/// The threads that ran a fetch, waited for one or were to wake this source do not exist in the child. Processes with
/// the same parent must not all refresh at once.
void KeySource::after_fork_in_child() {
    fetch_.reset_after_fork();
    must_reschedule_ = true;
    window_.close();
    mutex_.unlock();
}

}  // namespace authjwks
