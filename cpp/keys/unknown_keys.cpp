#include "keys/unknown_keys.hpp"

#include <algorithm>
#include <string>

namespace authjwks {
namespace {

/// The name under which a key is noted: tokens without a key id share one that no key id has.
std::string name_for(std::optional<std::string_view> key_id) {
    std::string name;
    if (key_id) name.append("=").append(*key_id);
    return name;
}

}  // namespace

void UnknownKeys::note(std::optional<std::string_view> key_id, Tick now) {
    const Noted fresh{.sent_before = sent_};
    Noted* const noted = noted_.use(name_for(key_id), fresh);
    if (noted == nullptr) return;
    if (was_asked_after(noted->sent_before) && !is_remembered(now)) *noted = fresh;
    ++noted->times;
}

void UnknownKeys::withdraw(std::string_view key_id, Tick now) {
    if (Noted* const noted = noted_.use(name_for(key_id), {}))
        *noted = {.sent_before = sent_, .withdrawn_until = now + cooldown_};
}

bool UnknownKeys::is_missing(std::optional<std::string_view> key_id, Tick now) const {
    const Noted* const noted = noted_.find(name_for(key_id));
    if (noted == nullptr) return false;
    return now < noted->withdrawn_until || (is_remembered(now) && was_asked_after(noted->sent_before));
}

bool UnknownKeys::take(std::optional<std::string_view> key_id, Tick now) {
    if (allowance_.take(now)) return true;
    const Noted* const noted = noted_.find(name_for(key_id));
    return noted != nullptr && noted->times > 1 && named_again_allowance_.take(now);
}

Clock::duration UnknownKeys::wait(Tick now) const {
    return std::min(allowance_.wait(now), named_again_allowance_.wait(now));
}

void UnknownKeys::responded(std::uint64_t number, Tick now) {
    answered_ = std::max(answered_, number);
    responded_at_ = now;
    wanted_ = false;
}

}  // namespace authjwks
