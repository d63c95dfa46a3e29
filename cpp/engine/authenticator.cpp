#include "engine/authenticator.hpp"

#include "jose/verify.hpp"

namespace authjwks {
namespace {

Result<json::Object> refused(Errc code) { return code; }

}  // namespace

Result<std::shared_ptr<KeySource>> Authenticator::source_for(ParsedToken& token) const {
    if (const auto* only = std::get_if<std::shared_ptr<KeySource>>(&keys_)) return *only;
    const auto issuer = token.claimed_issuer();
    if (!issuer) return issuer.error();
    return std::get<std::shared_ptr<IssuerDirectory>>(keys_)->find(*issuer);
}

Verdict Authenticator::authenticate(std::string_view token, Scratch& scratch, Instant now, Patience patience) const {
    auto parsed = read_token(token, policy_, scratch);
    if (!parsed) return {refused(parsed.error()), nullptr};
    const auto found = source_for(*parsed);
    if (!found) return {refused(found.error()), nullptr};
    const std::shared_ptr<KeySource>& source = *found;

    const auto answer = source->obtain(patience);
    if (const auto* later = std::get_if<Later>(&answer)) return {*later, source};
    const auto& obtained = std::get<Result<Obtained>>(answer);
    if (!obtained) return {refused(obtained.error()), source};
    auto outcome = judge(*parsed, *obtained->keys, policy_, now);
    if (outcome || outcome.error() != Errc::unknown_key || obtained->just_came) return {outcome, source};

    const auto renewed = source->renew(obtained->keys, parsed->key_id(), patience);
    if (const auto* later = std::get_if<Later>(&renewed)) return {*later, source};
    const auto& newer = std::get<Result<Snapshot>>(renewed);
    if (!newer) return {refused(newer.error()), source};
    return {*newer == obtained->keys ? outcome : judge(*parsed, **newer, policy_, now), source};
}

}  // namespace authjwks
