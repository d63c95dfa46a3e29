#include "engine/authenticator.hpp"

#include "jose/verify.hpp"

namespace authjwks {
namespace {

bool lacks_a_key(const Result<json::Object>& verdict) { return !verdict && verdict.error() == Errc::unknown_key; }

}  // namespace

Result<json::Object> Authenticator::authenticate(std::string_view token, Scratch& scratch, Instant now) const {
    const auto parsed = read_token(token, policy_, scratch);
    if (!parsed) return parsed.error();
    const bool at_hand = source_->ready() != nullptr;
    const auto keys = source_->obtain();
    if (!keys) return keys.error();
    auto verdict = judge(*parsed, **keys, policy_, now);
    // Keys that this very call has fetched are as new as they get.
    if (!at_hand || !lacks_a_key(verdict)) return verdict;
    const Snapshot newer = source_->renew(*keys);
    return newer == *keys ? verdict : judge(*parsed, *newer, policy_, now);
}

std::optional<Result<json::Object>> Authenticator::authenticate_warm(std::string_view token, Scratch& scratch,
                                                                     Instant now) const {
    const auto parsed = read_token(token, policy_, scratch);
    if (!parsed) return parsed.error();
    const Snapshot keys = source_->ready();
    if (!keys) return std::nullopt;
    auto verdict = judge(*parsed, *keys, policy_, now);
    if (lacks_a_key(verdict) && source_->can_renew(keys)) return std::nullopt;
    return verdict;
}

}  // namespace authjwks
