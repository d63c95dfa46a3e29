#include "keys/key_source.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace authjwks {
namespace {

constexpr Clock::rep kForever = Clock::duration::max().count();
constexpr Clock::rep kNever = Clock::duration::min().count();

}  // namespace

KeySource::KeySource(KeySet keys)
    : snapshot_(std::make_shared<const KeySet>(std::move(keys))), settled_until_(kForever), gate_(options_) {}

KeySource::KeySource(const KeyOptions& options, Surroundings surroundings)
    : surroundings_(std::move(surroundings)), options_(options), settled_until_(kNever), gate_(options) {}

Snapshot KeySource::ready() const {
    const auto settled_until = settled_until_.load(std::memory_order_acquire);
    if (settled_until == kForever || surroundings_.now().time_since_epoch().count() < settled_until)
        return snapshot_.load(std::memory_order_acquire);
    return nullptr;
}

Result<Snapshot> KeySource::obtain() {
    if (auto keys = ready()) return keys;
    Lock lock(mutex_);
    if (flying_ && !gate_.may_serve(surroundings_.now()))
        join(lock);
    else if (!flying_ && gate_.allows(Need::keys, surroundings_.now()))
        fetch(lock, Need::keys);
    if (!gate_.may_serve(surroundings_.now())) return Errc::keys_unavailable;
    return snapshot_.load();
}

bool KeySource::can_renew(const Snapshot& seen) const {
    if (!surroundings_.load) return false;
    const Lock lock(mutex_);
    return flying_ || snapshot_.load() != seen || gate_.allows(Need::unknown_key, surroundings_.now());
}

Snapshot KeySource::renew(const Snapshot& seen) {
    if (!surroundings_.load) return seen;
    Lock lock(mutex_);
    if (snapshot_.load() == seen) {
        if (flying_)
            join(lock);
        else if (gate_.allows(Need::unknown_key, surroundings_.now()))
            fetch(lock, Need::unknown_key);
    }
    return snapshot_.load();
}

void KeySource::join(Lock& lock) {
    landed_.wait(lock, [this, flight = flights_] { return flights_ != flight; });
}

/// A fetch that throws is a fetch that failed: a flight always lands.
Result<LoadedKeys, FetchFault> KeySource::load(Tick deadline, bool no_cache) const noexcept {
    try {
        return surroundings_.load(deadline, no_cache);
    } catch (const std::exception&) {
        return FetchFault::unreachable;
    }
}

/// Leads a flight: asks the issuer without the lock, then tells all who wait.
void KeySource::fetch(Lock& lock, Need need) {
    const Tick started = surroundings_.now();
    gate_.started(need, started);
    flying_ = true;
    settle(started);
    lock.unlock();
    auto loaded = load(started + options_.timeout, need == Need::unknown_key);
    lock.lock();
    const Tick now = surroundings_.now();
    if (loaded) {
        publish(*std::move(loaded), now);
    } else {
        gate_.failed(now, surroundings_.jitter());
        last_error_ = loaded.error();
    }
    flying_ = false;
    ++flights_;
    settle(now);
    landed_.notify_all();
}

void KeySource::publish(LoadedKeys loaded, Tick now) {
    snapshot_.store(std::make_shared<const KeySet>(std::move(loaded.keys)), std::memory_order_release);
    gate_.succeeded(now, loaded.max_age);
    last_error_.reset();
}

/// Says until when the keys of now can be taken without asking here: during a flight as long as they may serve at all.
void KeySource::settle(Tick now) {
    if (!gate_.may_serve(now)) {
        settled_until_.store(kNever, std::memory_order_release);
        return;
    }
    const Tick until = flying_ ? gate_.serves_until() : std::min(gate_.next_attempt(), gate_.serves_until());
    settled_until_.store(until.time_since_epoch().count(), std::memory_order_release);
}

Clock::duration KeySource::retry_after() const {
    const Lock lock(mutex_);
    return gate_.next_attempt() - surroundings_.now();
}

SourceReport KeySource::report() const {
    const Lock lock(mutex_);
    SourceReport report{SourceState::fixed, {}, {}, last_error_, flights_, snapshot_.load()};
    if (!surroundings_.load) return report;
    const Tick now = surroundings_.now();
    if (const auto fetched_at = gate_.fetched_at()) report.age = now - *fetched_at;
    report.next_refresh = std::max(Clock::duration::zero(), gate_.next_attempt() - now);
    if (gate_.is_fresh(now))
        report.state = SourceState::fresh;
    else if (gate_.may_serve(now))
        report.state = SourceState::stale;
    else
        report.state = last_error_ ? SourceState::failed : SourceState::cold;
    return report;
}

}  // namespace authjwks
