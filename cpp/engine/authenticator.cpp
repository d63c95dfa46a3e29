#include "engine/authenticator.hpp"

#include <utility>

namespace authjwks {
namespace {

/// @param source  whose keys were missed; null when it did not come to that.
Verdict refused(Errc code, std::shared_ptr<KeySource> source = nullptr) {
    const auto retry_after = source ? source->retry_after() : Clock::duration::zero();
    return {Result<Accepted>(code), std::move(source), nullptr, retry_after};
}

}  // namespace

Result<std::shared_ptr<KeySource>> Authenticator::source_for(ParsedToken& token) const {
    if (const auto* only = std::get_if<std::shared_ptr<KeySource>>(&keys_)) return *only;
    const auto issuer = token.claimed_issuer();
    if (!issuer) return issuer.error();
    return std::get<std::shared_ptr<IssuerRegistry>>(keys_)->find(*issuer);
}

Verdict Authenticator::refused_without_source(Errc code, ParsedToken& token) const {
    Verdict verdict = refused(code);
    if (code == Errc::keys_unavailable)
        verdict.retry_after = std::get<std::shared_ptr<IssuerRegistry>>(keys_)->retry_after(*token.claimed_issuer());
    return verdict;
}

Result<std::shared_ptr<KeySource>> Authenticator::source_of(const CachedToken& token) const {
    if (const auto* only = std::get_if<std::shared_ptr<KeySource>>(&keys_)) return *only;
    return std::get<std::shared_ptr<IssuerRegistry>>(keys_)->find(token.issuer);
}

std::optional<Recalled> Authenticator::recall(std::string_view token, Instant now) const {
    if (!cache_) return std::nullopt;
    auto known = cache_->find(token);
    if (known && known->validity.holds(now))
        if (auto source = source_of(*known))
            if (const Snapshot keys = (*source)->ready(); keys && keys->id() == known->key_set) {
                cache_->count(true);
                return Recalled{std::move(known), *std::move(source)};
            }
    if (known && now >= known->validity.until) cache_->forget(token);
    cache_->count(false);
    return std::nullopt;
}

void Authenticator::remember(std::string_view token, const Verdict& passed,
                             std::unique_ptr<const CachedClaims> claims) const {
    if (!cache_) return;
    const Accepted& accepted = *std::get<Result<Accepted>>(passed.outcome);
    std::string issuer;
    if (std::holds_alternative<std::shared_ptr<IssuerRegistry>>(keys_))
        issuer = std::string_view(accepted.claims["iss"]);
    cache_->keep({.token = std::string(token),
                  .validity = accepted.validity,
                  .key_set = passed.keys->id(),
                  .issuer = std::move(issuer),
                  .claims = std::move(claims)});
}

Verdict Authenticator::authenticate(std::string_view token, Scratch& scratch, Instant now, WaitPolicy wait) const {
    auto parsed = read_token(token, policy_, scratch);
    if (!parsed) return refused(parsed.error());
    const auto found = source_for(*parsed);
    if (!found) return refused_without_source(found.error(), *parsed);
    const std::shared_ptr<KeySource>& source = *found;

    const auto answer = source->obtain(wait);
    if (const auto* pending = std::get_if<Pending>(&answer)) return {*pending, source, nullptr};
    const auto& obtained = std::get<Result<Obtained>>(answer);
    if (!obtained) return refused(obtained.error(), source);
    auto outcome = judge(*parsed, *obtained->keys, policy_, now);
    if (outcome || outcome.error() != Errc::unknown_key || obtained->is_newly_fetched)
        return {outcome, source, obtained->keys};

    const auto renewed = source->renew(obtained->keys, parsed->key_id(), wait);
    if (const auto* pending = std::get_if<Pending>(&renewed)) return {*pending, source, nullptr};
    const auto& newer = std::get<Result<Snapshot>>(renewed);
    if (!newer) return refused(newer.error(), source);
    return {*newer == obtained->keys ? outcome : judge(*parsed, **newer, policy_, now), source, *newer};
}

}  // namespace authjwks
