#include "keys/refresh_gate.hpp"

#include <algorithm>

namespace authjwks {
namespace {

constexpr Clock::duration kFirstBackOff = std::chrono::seconds(1), kLongestBackOff = std::chrono::seconds(60);
constexpr unsigned int kDoublings = 6;  // from the first back-off past the longest
constexpr std::chrono::seconds kShortestAge{60}, kLongestAge{3600};

}  // namespace

bool RefreshGate::allows(Need need, Tick now) const {
    if (now < blocked_until_) return false;
    if (need == Need::keys) return !is_fresh(now);
    return !has_asked_for_unknown_ || now >= asked_for_unknown_ + options_.cooldown;
}

void RefreshGate::started(Need need, Tick now) {
    if (need != Need::unknown_key) return;
    asked_for_unknown_ = now;
    has_asked_for_unknown_ = true;
}

void RefreshGate::succeeded(Tick now, std::optional<std::chrono::seconds> max_age) {
    const auto ttl = max_age ? Clock::duration(std::clamp(*max_age, kShortestAge, kLongestAge)) : options_.ttl;
    fetched_at_ = now;
    expires_at_ = now + ttl;
    blocked_until_ = now;
    failures_ = 0;
}

void RefreshGate::failed(Tick now, double jitter) {
    const auto back_off = std::min(kLongestBackOff, kFirstBackOff * (1U << std::min(failures_, kDoublings)));
    blocked_until_ = now + back_off - std::chrono::duration_cast<Clock::duration>(back_off * (jitter / 2));
    ++failures_;
}

Tick RefreshGate::next_attempt() const {
    return fetched_at_ ? std::max(expires_at_, blocked_until_) : blocked_until_;
}

}  // namespace authjwks
