#include "keys/refresh_gate.hpp"

#include <algorithm>

namespace authjwks {
namespace {

using std::chrono::seconds;

constexpr Clock::duration kFirstBackOff = seconds(1), kLongestBackOff = seconds(60);
/// Without keys every request is refused, so the end of an outage must be noticed sooner.
constexpr Clock::duration kLongestBackOffWithoutKeys = seconds(10);
constexpr unsigned int kDoublings = 6;  // enough to get from the first back-off to the longest
constexpr seconds kShortestLife{60}, kLongestLife{3600};
constexpr double kRefreshAt = 0.8, kSpread = 0.05;  // of the ttl

Clock::duration share(Clock::duration whole, double part) {
    return std::chrono::duration_cast<Clock::duration>(whole * part);
}

}  // namespace

bool RefreshGate::allows(Need need, Tick now) const {
    if (need == Need::command) return true;
    if (now < blocked_until_) return false;
    if (need == Need::keys) return !fetched_at_ || now >= refresh_at_;
    return now >= unknown_allowed_at();
}

/// An issuer that failed may have the key, so it is asked twice per cooldown, to notice the end of an outage sooner.
Tick RefreshGate::unknown_allowed_at() const {
    if (!asked_for_unknown_at_) return blocked_until_;
    return *asked_for_unknown_at_ + (failures_ > 0 ? options_.cooldown / 2 : options_.cooldown);
}

Tick RefreshGate::retry_at(Tick now) const {
    return may_serve(now) ? std::max(blocked_until_, unknown_allowed_at()) : blocked_until_;
}

void RefreshGate::started(Need need, Tick now) {
    if (need == Need::unknown_key) asked_for_unknown_at_ = now;
}

void RefreshGate::succeeded(Tick now, std::optional<seconds> lifetime, double jitter) {
    const auto ttl = lifetime ? Clock::duration(std::clamp(*lifetime, kShortestLife, kLongestLife)) : options_.ttl;
    fetched_at_ = now;
    expires_at_ = now + ttl;
    blocked_until_ = now;
    failures_ = 0;
    spread(jitter);
}

void RefreshGate::spread(double jitter) {
    if (fetched_at_) refresh_at_ = *fetched_at_ + share(expires_at_ - *fetched_at_, kRefreshAt - kSpread * jitter);
}

void RefreshGate::failed(Tick now, double jitter) {
    const auto longest = may_serve(now) ? kLongestBackOff : kLongestBackOffWithoutKeys;
    const auto back_off = std::min(longest, kFirstBackOff * (1U << std::min(failures_, kDoublings)));
    blocked_until_ = now + back_off - share(back_off, jitter / 2);
    ++failures_;
}

Phase RefreshGate::phase(Tick now) const {
    if (fetched_at_ && now < expires_at_) return Phase::fresh;
    if (failures_ > 0) return Phase::failing;
    return fetched_at_ ? Phase::overdue : Phase::cold;
}

Tick RefreshGate::settled_until(Tick now) const {
    if (phase(now) == Phase::fresh) return expires_at_;
    return serves_stale(now) ? serves_until() : Tick::min();
}

Tick RefreshGate::refresh_at() const { return fetched_at_ ? std::max(refresh_at_, blocked_until_) : blocked_until_; }

}  // namespace authjwks
