#include "keys/refresh_gate.hpp"

#include <algorithm>

namespace authjwks {
namespace {

using std::chrono::seconds;

constexpr Clock::duration kFirstBackOff = seconds(1), kLongestBackOff = seconds(60);
constexpr unsigned int kDoublings = 6;  // enough to get from the first back-off to the longest
/// Where callers are refused, the end of an outage must be noticed soon, however short or long it is.
constexpr Clock::duration kFirstBackOffWhenRefusing = std::chrono::milliseconds(500),
                          kLongestBackOffWhenRefusing = seconds(10);
constexpr int kShareOfOutage = 5;
constexpr seconds kShortestLife{60}, kLongestLife{3600};
constexpr Clock::duration kMaxLocationAge = std::chrono::hours(24),
                          kMaxLocationAgeForUnknownKey = std::chrono::minutes(1);
constexpr double kRefreshAt = 0.8, kSpread = 0.05;  // of the ttl

Clock::duration share(Clock::duration whole, double part) {
    return std::chrono::duration_cast<Clock::duration>(whole * part);
}

}  // namespace

Clock::duration max_location_age(Need need) {
    if (need == Need::command) return Clock::duration::zero();
    return need == Need::unknown_key ? kMaxLocationAgeForUnknownKey : kMaxLocationAge;
}

bool RefreshGate::allows(Need need, Tick now) const {
    if (need == Need::command) return true;
    if (now < blocked_until()) return false;
    return need == Need::unknown_key || now >= refresh_at();
}

void RefreshGate::succeeded(Tick now, std::optional<seconds> lifetime, double jitter) {
    const auto ttl = lifetime ? Clock::duration(std::clamp(*lifetime, kShortestLife, kLongestLife)) : options_.ttl;
    fetched_at_ = now;
    expires_at_ = now + ttl;
    outage_.reset();
    spread(jitter);
}

void RefreshGate::spread(double jitter) {
    if (fetched_at_) refresh_at_ = *fetched_at_ + share(expires_at_ - *fetched_at_, kRefreshAt - kSpread * jitter);
}

void RefreshGate::failed(Tick now, double jitter, std::optional<seconds> retry_after) {
    if (!outage_) outage_ = Outage{.began_at = now, .failed_at = now, .retry_at = now};
    outage_->failed_at = now;
    // Compared in seconds: in ticks, those up to a date in the year 9999 would overflow.
    outage_->retry_at = now + std::min(std::chrono::floor<seconds>(kLongestBackOff), retry_after.value_or(seconds(0)));
    outage_->jitter = jitter;
    outage_->refuses = outage_->refuses || !may_serve(now);
    ++outage_->failures;
}

bool RefreshGate::want() {
    if (!outage_ || outage_->refuses) return false;
    const Tick before = refresh_at();
    outage_->refuses = true;
    return refresh_at() < before;
}

Tick RefreshGate::blocked_until() const {
    if (!outage_) return Tick{};
    auto back_off = std::min(kLongestBackOff, kFirstBackOff * (1U << std::min(outage_->failures - 1, kDoublings)));
    if (outage_->refuses)
        back_off = std::min(back_off, std::clamp((outage_->failed_at - outage_->began_at) / kShareOfOutage,
                                                 kFirstBackOffWhenRefusing, kLongestBackOffWhenRefusing));
    return std::max(outage_->failed_at + back_off - share(back_off, outage_->jitter / 2), outage_->retry_at);
}

Phase RefreshGate::phase(Tick now) const {
    if (fetched_at_ && now < expires_at_) return Phase::fresh;
    if (outage_) return Phase::failing;
    return fetched_at_ ? Phase::overdue : Phase::cold;
}

Tick RefreshGate::settled_until(Tick now) const {
    if (phase(now) == Phase::fresh) return expires_at_;
    return serves_stale(now) ? serves_until() : Tick::min();
}

Tick RefreshGate::refresh_at() const {
    const bool only_waits = !fetched_at_ || (outage_ && outage_->refuses);
    return only_waits ? blocked_until() : std::max(refresh_at_, blocked_until());
}

}  // namespace authjwks
