#include "keys/key_source.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace authjwks {
namespace {

/// How many refreshes ahead of expiry are made for a source that is not used. None for one that has never had keys.
constexpr unsigned int kMaxIdleRefreshes = 4;

Clock::rep count(Tick tick) { return tick.time_since_epoch().count(); }

}  // namespace

KeySource::KeySource(KeySet keys, std::string label)
    : dependencies_{.label = std::move(label)}, window_(ServingWindow::Start::never_ends), issuer_(options_) {
    issuer_.keys.replace(std::move(keys));
}

KeySource::KeySource(const KeyOptions& options, KeySourceDependencies dependencies)
    : dependencies_(std::move(dependencies)),
      options_(options),
      window_(ServingWindow::Start::closed),
      issuer_(options) {
    ForkGuard::add(*this, ForkGuard::Rank::source);
}

KeySource::~KeySource() {
    ForkGuard::remove(*this);
    if (dependencies_.cancel) dependencies_.cancel(*this);
}

/// The keys that may be used now, or none. Valid until this thread reads the keys of a source again.
const Snapshot* KeySource::peek() const {
    if (!window_.admits(dependencies_.now)) return nullptr;
    if (const Snapshot* keys = issuer_.keys.cached()) return keys;
    const Lock lock(mutex_);
    return &issuer_.keys.read();
}

bool KeySource::serves(std::uint64_t key_set) const {
    const Snapshot* const keys = peek();
    return keys != nullptr && *keys && (*keys)->id() == key_set;
}

/// Whether to start a fetch for keys: not while there is one, nor while the keys at hand are within their ttl.
bool KeySource::wants_keys(Tick now) const {
    return fetch_.may_start() && !closed_ && issuer_.gate.phase(now) != Phase::fresh &&
           issuer_.gate.allows(Need::keys, now);
}

/// Whether to wait for the fetch; not while the issuer fails and the keys at hand may still serve, as it may take its
/// full time again and again: made-up key ids could occupy all threads of a service.
bool KeySource::is_worth_waiting(Tick now) const {
    return fetch_.is_awaitable(now) && !(issuer_.gate.may_serve(now) && issuer_.gate.is_failing());
}

OrPending<Obtained> KeySource::obtain(WaitPolicy wait) {
    if (auto keys = ready()) return Result(Obtained{std::move(keys), false});
    Lock lock(mutex_);
    const Tick now = dependencies_.now();
    check_fetch_deadline(now);
    bool is_conclusive = false;
    if (wait != WaitPolicy::no_fetch) {
        if (wants_keys(now)) start_fetch(Need::keys);
        const bool waits = is_worth_waiting(now);
        is_conclusive = waits && fetch_.is_conclusive();
        if (waits && is_pending_instead(wait)) return Pending{is_conclusive};
        if (waits) is_conclusive = wait_for_fetch(lock, fetch_.deadline()) && is_conclusive;
    }
    if (std::exchange(must_reschedule_, false)) {
        issuer_.gate.spread(dependencies_.jitter());
        schedule(issuer_.gate.refresh_at());
    }
    settle(dependencies_.now());
    if (!issuer_.gate.may_serve(dependencies_.now())) return Result<Obtained>(unavailable());
    return Result(Obtained{issuer_.keys.read(), is_conclusive && !issuer_.gate.is_failing()});
}

OrPending<Snapshot> KeySource::renew(const Snapshot& seen, std::optional<std::string_view> key_id, WaitPolicy wait) {
    if (!dependencies_.load) return Result(seen);
    Lock lock(mutex_);
    const Tick began = dependencies_.now();
    const auto sent_before = issuer_.unknown.sent();
    if (wait == WaitPolicy::never || wait == WaitPolicy::until_deadline) issuer_.unknown.note(key_id, began);
    while (issuer_.keys.read() == seen) {
        const Tick now = dependencies_.now();
        check_fetch_deadline(now);
        if (is_known_to_be_missing(key_id, sent_before, wait)) return Result(seen);
        if (wait == WaitPolicy::no_fetch || (!fetch_.exists() && !start_fetch_for(key_id)) || !is_worth_waiting(now))
            return Result<Snapshot>(unavailable());
        if (is_pending_instead(wait)) return Pending{.is_conclusive = fetch_.is_conclusive()};
        if (!wait_for_fetch(lock, std::min(fetch_.deadline(), began + options_.timeout)))
            return Result<Snapshot>(unavailable());
    }
    return issuer_.gate.may_serve(dependencies_.now()) ? Result(issuer_.keys.read()) : Result<Snapshot>(unavailable());
}

/// Whether the issuer was asked for a key after a token had named it, and does not have it. A caller that has waited
/// for a response that decides knows without a record.
bool KeySource::is_known_to_be_missing(std::optional<std::string_view> key_id, std::uint64_t sent_before,
                                       WaitPolicy wait) const {
    if (issuer_.unknown.is_missing(key_id, dependencies_.now()) || issuer_.unknown.was_asked_after(sent_before))
        return true;
    return wait == WaitPolicy::no_fetch && !fetch_.exists() && !issuer_.gate.is_failing();
}

/// Starts a fetch for a key that the issuer was not asked about, if it may be. @return whether there is one.
bool KeySource::start_fetch_for(std::optional<std::string_view> key_id) {
    const Tick now = dependencies_.now();
    const bool is_free = fetch_.may_start() && !closed_ && issuer_.gate.allows(Need::unknown_key, now);
    if (issuer_.gate.is_failing()) {  // its back-off limits them, and nobody waits
        if (issuer_.gate.want()) schedule(issuer_.gate.refresh_at());
        if (is_free) start_unawaited_fetch(Need::unknown_key);
    } else if (is_free && issuer_.unknown.take(key_id, now)) {
        start_fetch(Need::unknown_key);
    }
    if (!fetch_.exists() && issuer_.unknown.throttle() && !issuer_.gate.is_failing() && !closed_)
        issuer_.events.add({EventKind::throttled});
    return fetch_.exists();
}

void KeySource::recheck(const Snapshot& seen) {
    if (!dependencies_.load) return;
    const Lock lock(mutex_, std::try_to_lock);
    if (!lock || issuer_.keys.read() != seen || closed_ || !fetch_.may_start() || issuer_.gate.is_failing()) return;
    if (!issuer_.unknown.take_for_recheck(dependencies_.now())) return;
    start_unawaited_fetch(Need::unknown_key);
    issuer_.events.add({EventKind::rechecked});
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

std::optional<FetchFailure> KeySource::refresh() {
    if (!dependencies_.load) return std::nullopt;
    Lock lock(mutex_);
    if (closed_) return FetchFault::stopped;
    check_fetch_deadline(dependencies_.now());
    // One that runs already was sent before, and brings what the issuer had then.
    if (fetch_.is_running() && fetch_.is_awaitable(dependencies_.now())) wait_for_fetch(lock, fetch_.deadline());
    if (fetch_.may_start()) start_fetch(Need::command);
    if (!fetch_.exists()) return issuer_.keys.last_failure();
    if (!fetch_.is_awaitable(dependencies_.now()) || !wait_for_fetch(lock, fetch_.deadline()))
        return FetchFault::timed_out;
    return issuer_.keys.last_failure();
}

void KeySource::close() {
    const Lock lock(mutex_);
    closed_ = true;
}

/// Starts a fetch, which is run by the thread that is woken for it; where none is, by the first caller to wait for it,
/// or by run_due_work().
void KeySource::start_fetch(Need need) {
    begin_fetch(need);
    if (dependencies_.wake && !dependencies_.wake(shared_from_this(), dependencies_.now()))
        fail_fetch(FetchFault::stopped);
}

/// Starts a fetch for nobody who waits, so that run_due_work() runs it where no thread is woken.
void KeySource::start_unawaited_fetch(Need need) {
    start_fetch(need);
    if (!dependencies_.wake) due_at_.store(count(dependencies_.now()), std::memory_order_release);
}

/// Caches on the way may keep the keys of a refresh; they must not where callers are refused for lack of a key.
void KeySource::begin_fetch(Need need) {
    const bool past_caches = need != Need::keys || !issuer_.gate.fetched_at() || issuer_.unknown.are_wanted();
    fetch_.start(need, past_caches, dependencies_.now() + options_.timeout);
    issuer_.unknown.fetch_started();
}

void KeySource::run_fetch(Lock& lock) {
    const auto id = fetch_.run();
    const auto number = fetch_.is_past_caches() ? issuer_.unknown.send() : 0;
    const LoadRequest request{.deadline = fetch_.deadline(),
                              .no_cache = fetch_.is_past_caches(),
                              .known = issuer_.keys.origin(),
                              .now = dependencies_.now(),
                              .max_location_age = max_location_age(fetch_.need())};
    due_at_.store(count(fetch_.deadline() + options_.timeout), std::memory_order_release);
    lock.unlock();
    auto loaded = dependencies_.load_or_fail(request);
    lock.lock();
    const bool is_wanted = fetch_.complete(id);
    if (is_wanted && loaded && number != 0) issuer_.unknown.responded(number, dependencies_.now());
    is_wanted ? record(std::move(loaded)) : schedule(issuer_.gate.refresh_at());
}

void KeySource::fail_fetch(FetchFault fault) {
    fetch_.abandon();
    record(fault);
}

/// Records the outcome of a fetch that has just ended.
void KeySource::record(Result<LoadedKeys, FetchFailure> loaded) {
    const Tick now = dependencies_.now();
    issuer_.add(std::move(loaded), now, dependencies_.jitter());
    if (!issuer_.gate.fetched_at()) window_.take_use();  // it is repeated for those who come from now on
    settle(now);
    schedule(issuer_.gate.refresh_at());
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
    if (window_.set_end(issuer_.gate.settled_until(now), issuer_.gate.serves_stale(now)))
        issuer_.events.add({EventKind::stale_served});
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
        const bool is_due = issuer_.gate.allows(Need::keys, now);
        is_due ? begin_fetch(Need::keys) : schedule(issuer_.gate.refresh_at());
    }
    if (fetch_.exists() && !fetch_.is_running()) run_fetch(lock);
}

bool KeySource::has_due_work() const {
    const auto due_at = due_at_.load(std::memory_order_acquire);
    return due_at != kNever && !dependencies_.wake && count(dependencies_.now()) >= due_at;
}

/// The first to use the keys after a while has to come to obtain(), where refreshes are scheduled again.
bool KeySource::is_in_use() {
    idle_refreshes_ = window_.take_use() ? 0 : idle_refreshes_ + 1;
    if (idle_refreshes_ <= (issuer_.gate.fetched_at() ? kMaxIdleRefreshes : 0)) return true;
    must_reschedule_ = true;
    window_.close();
    return false;
}

Clock::duration KeySource::retry_after() const {
    const Lock lock(mutex_);
    const Tick now = dependencies_.now();
    const bool lacks_one_key = issuer_.gate.may_serve(now) && !issuer_.gate.is_failing();
    return lacks_one_key ? issuer_.unknown.wait(now)
                         : std::max(Clock::duration::zero(), issuer_.gate.blocked_until() - now);
}

bool KeySource::has_failed() const {
    const Lock lock(mutex_);
    return !fetch_.exists() && issuer_.gate.is_failing() && !issuer_.gate.may_serve(dependencies_.now());
}

std::vector<SourceEvent> KeySource::take_events() {
    const Lock lock(mutex_);
    return issuer_.events.take();
}

SourceReport KeySource::report() const {
    const Lock lock(mutex_);
    const auto now = dependencies_.load ? std::optional(dependencies_.now()) : std::nullopt;
    return SourceReport::of(issuer_, fetch_.exists(), window_.stale_uses(), now);
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
