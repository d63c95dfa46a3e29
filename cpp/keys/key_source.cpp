#include "keys/key_source.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace authjwks {
namespace {

constexpr Clock::rep kNever = Clock::duration::min().count();
/// How many refreshes ahead of expiry are made for a source that nobody uses.
constexpr unsigned int kMaxIdleRounds = 4;

Clock::rep count(Tick tick) { return tick.time_since_epoch().count(); }

}  // namespace

KeySource::KeySource(KeySet keys, std::string label)
    : dependencies_{.label = std::move(label)}, settled_until_(kForever), gate_(options_) {
    snapshot_.replace(std::make_shared<const KeySet>(std::move(keys)));
}

KeySource::KeySource(const KeyOptions& options, KeySourceDependencies dependencies)
    : dependencies_(std::move(dependencies)), options_(options), settled_until_(kNever), gate_(options) {
    ForkGuard::add(*this, ForkGuard::Rank::source);
}

KeySource::~KeySource() {
    ForkGuard::remove(*this);
    if (dependencies_.cancel) dependencies_.cancel(*this);
}

Snapshot KeySource::current() const {
    if (auto keys = snapshot_.remembered()) return keys;
    const Lock lock(mutex_);
    return snapshot_.read();
}

Snapshot KeySource::ready() const {
    const auto settled_until = settled_until_.load(std::memory_order_acquire);
    if (settled_until == kForever) return current();
    if (!asked_.load(std::memory_order_relaxed)) asked_.store(true, std::memory_order_relaxed);
    if (count(dependencies_.now()) >= settled_until) return nullptr;
    if (serving_stale_.load(std::memory_order_relaxed)) stale_serves_.fetch_add(1, std::memory_order_relaxed);
    return current();
}

/// Whether a fetch for keys should start: never while there is one or the keys at hand are within their ttl.
bool KeySource::wants_keys(Tick now) const {
    return fetch_.may_start() && !closed_ && gate_.phase(now) != Phase::fresh && gate_.allows(Need::keys, now);
}

/// Whether waiting for the fetch helps; not while the issuer fails and keys at hand may serve meanwhile.
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
    if (!gate_.may_serve(dependencies_.now())) return Result<Obtained>(Errc::keys_unavailable);
    return Result(Obtained{snapshot_.read(), awaited && !gate_.is_failing()});
}

OrPending<Snapshot> KeySource::renew(const Snapshot& seen, std::optional<std::string_view> key_id, WaitPolicy wait) {
    if (!dependencies_.load) return Result(seen);
    Lock lock(mutex_);
    const Tick deadline = dependencies_.now() + options_.timeout;
    bool asked_for_it = wait == WaitPolicy::no_fetch;
    while (snapshot_.read() == seen) {
        check_fetch_deadline(dependencies_.now());
        if (asked_for_it) return conclude_after_fetch(seen, key_id);
        if (const auto verdict = conclude_without_fetch(seen, key_id)) return *verdict;
        if (!fetch_.exists()) start_fetch(Need::unknown_key);
        if (!fetch_.exists()) continue;
        // A fetch that was in progress already may bring an answer that a cache has kept.
        asked_for_it = fetch_.need() != Need::keys;
        if (wait == WaitPolicy::never) return Pending{.is_conclusive = asked_for_it};
        if (!wait_for_fetch(lock, std::min(fetch_.deadline(), deadline)))
            return Result<Snapshot>(Errc::keys_unavailable);
    }
    return gate_.may_serve(dependencies_.now()) ? Result(snapshot_.read()) : Result<Snapshot>(Errc::keys_unavailable);
}

/// An issuer that has just been asked for a key has it or has it not; one that failed, or has not answered yet even to
/// who waited for it to the end of its time, may have it.
Result<Snapshot> KeySource::conclude_after_fetch(const Snapshot& seen, std::optional<std::string_view> key_id) {
    if (fetch_.exists() || gate_.is_failing()) return Errc::keys_unavailable;
    if (key_id) unknown_.add(*key_id, dependencies_.now() + options_.cooldown);
    return seen;
}

/// What can be said about an unknown key without asking for it; nothing when the issuer is being asked, or may be. One
/// that fails may have published the key long since; one that was asked just now is taken at its word.
std::optional<Result<Snapshot>> KeySource::conclude_without_fetch(const Snapshot& seen,
                                                                  std::optional<std::string_view> key_id) {
    const Tick now = dependencies_.now();
    if (key_id && unknown_.until(*key_id, now)) return seen;
    const bool may_ask = fetch_.may_start() && !closed_ && gate_.allows(Need::unknown_key, now);
    if (may_ask || fetch_.is_awaitable(now)) return std::nullopt;
    if (fetch_.exists() || gate_.is_failing()) return Errc::keys_unavailable;
    ++throttled_;
    if (!std::exchange(announced_throttling_, true)) events_.add({EventKind::throttled});
    return seen;
}

/// Gives up a fetch that goes on for a whole timeout past its deadline, as a function of the user's may. One that
/// nobody runs yet, since no thread is woken here and the first to wait for it will, gets its full time from now.
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
    if (!fetch_.exists()) return last_error_;
    if (!fetch_.is_awaitable(dependencies_.now()) || !wait_for_fetch(lock, fetch_.deadline()))
        return FetchFault::timed_out;
    return last_error_;
}

void KeySource::close() {
    const Lock lock(mutex_);
    closed_ = true;
}

/// Starts a fetch: to be run by the thread that is woken for it, or by the first to wait for it.
void KeySource::start_fetch(Need need) {
    const Tick now = dependencies_.now();
    gate_.started(need, now);
    fetch_.start(need, now + options_.timeout);
    announced_throttling_ = false;
    if (dependencies_.wake && !dependencies_.wake(shared_from_this(), now)) fail_fetch(FetchFault::stopped);
}

void KeySource::run_fetch(Lock& lock) {
    const auto id = fetch_.run();
    const LoadRequest request{fetch_.deadline(), fetch_.need() != Need::keys, origin_};
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

/// Takes in what a fetch that has just ended brought.
void KeySource::record(Result<LoadedKeys, FetchFault> loaded) {
    const Tick now = dependencies_.now();
    if (loaded) {
        if (gate_.is_failing()) events_.add({EventKind::recovered});
        publish(*std::move(loaded), now);
        last_error_.reset();
    } else {
        gate_.failed(now, dependencies_.jitter());
        last_error_ = loaded.error();
        events_.add({EventKind::refresh_failed, last_error_});
    }
    ++fetches_;
    settle(now);
    schedule(gate_.refresh_at());
}

void KeySource::publish(LoadedKeys loaded, Tick now) {
    if (loaded.keys) {
        if (gate_.fetched_at()) events_.add({EventKind::keys_changed});
        snapshot_.replace(std::make_shared<const KeySet>(*std::move(loaded.keys)));
        unknown_.clear();
    }
    origin_ = std::move(loaded.origin);
    gate_.succeeded(now, loaded.lifetime, dependencies_.jitter());
}

/// Waits for the fetch that is awaitable, or runs it where no thread is woken. @return whether it ended by `until`.
bool KeySource::wait_for_fetch(Lock& lock, Tick until) {
    if (dependencies_.wake || fetch_.is_running())
        return fetch_.wait(lock, until - dependencies_.now(), dependencies_.interrupted);
    run_fetch(lock);
    return true;
}

/// Says until when ready() may answer without asking here.
void KeySource::settle(Tick now) {
    const bool stale = gate_.serves_stale(now);
    if (stale && !serving_stale_.load(std::memory_order_relaxed)) events_.add({EventKind::stale_served});
    serving_stale_.store(stale, std::memory_order_relaxed);
    settled_until_.store(count(gate_.settled_until(now)), std::memory_order_release);
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
        due_at_.store(kForever, std::memory_order_release);
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
    return due_at != kForever && !dependencies_.wake && count(dependencies_.now()) >= due_at;
}

bool KeySource::is_in_use() {
    idle_rounds_ = asked_.exchange(false) ? 0 : idle_rounds_ + 1;
    return idle_rounds_ <= kMaxIdleRounds;
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
                        .last_error = last_error_,
                        .fetches = fetches_,
                        .stale_serves = stale_serves_.load(std::memory_order_relaxed),
                        .throttled = throttled_,
                        .keys = snapshot_.read()};
    if (!dependencies_.load) return report;
    const Tick now = dependencies_.now();
    report.state = state(now);
    if (const auto fetched_at = gate_.fetched_at()) report.age = now - *fetched_at;
    report.next_refresh = std::max(Clock::duration::zero(), gate_.refresh_at() - now);
    return report;
}

SourceState KeySource::state(Tick now) const {
    if (gate_.phase(now) == Phase::fresh) return SourceState::fresh;
    if (gate_.may_serve(now)) return SourceState::stale;
    return last_error_ ? SourceState::failed : SourceState::cold;
}

/// Whoever ran a fetch, waited for one or was to wake this source is gone; siblings must not all refresh at once.
void KeySource::after_fork_in_child() {
    fetch_.reset_after_fork();
    must_reschedule_ = true;
    settled_until_.store(kNever, std::memory_order_release);
    mutex_.unlock();
}

}  // namespace authjwks
