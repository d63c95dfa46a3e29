#include "engine/authenticator.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace authjwks {
namespace {

/// How many sets of keys a token of an unknown key is judged by, each newer than the one before.
constexpr int kMaxRenewals = 3;

/// @param source  whose keys were missing; none when none were looked for.
Verdict refused(Refusal refusal, SourceHandle source = {}) {
    const bool lacks_keys = source && is_for_lack_of_keys(refusal.code);
    const auto retry_after = lacks_keys ? source->retry_after() : Clock::duration::zero();
    return {.kind = Verdict::Kind::refused,
            .refusal = refusal.code,
            .claim = refusal.claim,
            .retry_after = retry_after,
            .source = std::move(source)};
}

Verdict pending(const Pending& fetch, SourceHandle source) {
    return {.kind = Verdict::Kind::pending, .is_conclusive = fetch.is_conclusive, .source = std::move(source)};
}

}  // namespace

Verdict Authenticator::verify(std::string_view token, Instant now, WaitPolicy wait, Host& host) const {
    Verdict verdict;
    if (look_up(token, now, host, verdict)) return verdict;
    const ScratchLease scratch;
    Proof proof;
    auto judge_token = [&] { verdict = judge_now(token, *scratch, now, wait, proof); };
    if (!host.run_unlocked(Host::Work(judge_token))) return {.kind = Verdict::Kind::abandoned};
    if (verdict.kind == Verdict::Kind::accepted) {
        auto claims = host.deliver(proof.accepted.claims, cache_ != nullptr);
        if (claims) store(token, proof, std::move(claims));
    }
    return verdict;
}

/// Looks for a token that was accepted before and would be accepted at `now` too: it is in time, and the keys that
/// proved it are those at hand. Never waits. @return whether there was one, and so a verdict.
bool Authenticator::look_up(std::string_view token, Instant now, Host& host, Verdict& verdict) const {
    if (!cache_) return false;
    const auto cached = cache_->find(token);
    if (!cached) return false;
    auto source = cached->validity.holds(now) ? source_of(*cached) : SourceHandle();
    if (!source || !source->serves(cached->key_set)) {
        if (now >= cached->validity.until) cache_->remove(token);
        cache_->count_as_miss();
        return false;
    }
    verdict.is_from_cache = true;
    verdict.source = std::move(source);
    if (cached->checked)
        if (const auto refusal = refused_by_check(cached->checked->view(), now)) {
            verdict.kind = Verdict::Kind::refused;
            verdict.refusal = *refusal;
            return true;
        }
    host.deliver(*cached->claims);
    return true;
}

/// A token that cannot be stored, for lack of memory, is accepted all the same.
void Authenticator::store(std::string_view token, const Proof& proof,
                          std::unique_ptr<const CachedClaims> claims) const {
    try {
        const bool names_issuer = std::holds_alternative<std::shared_ptr<IssuerRegistry>>(keys_);
        CheckedClaims checked;
        if (names_issuer || !checks_.empty()) checked = CheckedClaims::of(proof.accepted.claims);
        CachedToken stored{.token = std::string(token),
                           .validity = proof.accepted.validity,
                           .key_set = proof.key_set,
                           .issuer = {},
                           .checked = nullptr,
                           .claims = std::move(claims)};
        if (names_issuer) stored.issuer = checked.issuer.value_or("");
        if (!checks_.empty()) stored.checked = std::make_unique<const CachedCheckedClaims>(checked);
        cache_->store(std::move(stored));
    } catch (const std::bad_alloc&) {
        return;
    }
}

Verdict Authenticator::judge_now(std::string_view token, Scratch& scratch, Instant now, WaitPolicy wait,
                                 Proof& proof) const {
    auto parsed = read_token(token, policy_, scratch);
    if (!parsed) return refused(parsed.error());
    const auto found = source_for(*parsed);
    if (!found) return refused_without_source(found.error(), *parsed);
    const SourceHandle& source = *found;

    const auto response = source->obtain(wait);
    if (const auto* waits = std::get_if<Pending>(&response)) return pending(*waits, source);
    const auto& obtained = std::get<Result<Obtained>>(response);
    if (!obtained) return refused(obtained.error(), source);
    return judge_by_keys_of(source, *obtained, *parsed, now, wait, proof);
}

/// The verdict by the keys at hand, or by newer ones if the token names one that is not among them.
Verdict Authenticator::judge_by_keys_of(const SourceHandle& source, const Obtained& obtained, const ParsedToken& token,
                                        Instant now, WaitPolicy wait, Proof& proof) const {
    Snapshot keys = obtained.keys;
    auto result = judge(token, *keys, policy_, now);
    // The set may change again and again without the key, as each fetch may have been under way before the token came.
    for (int round = 0; !result && is_for_another_key(result.error().code) && !obtained.is_conclusive; ++round) {
        if (round == kMaxRenewals) return refused(Errc::keys_unavailable, source);
        const auto renewed = source->renew(keys, token.key_id(), wait);
        if (const auto* waits = std::get_if<Pending>(&renewed)) return pending(*waits, source);
        const auto& newer = std::get<Result<Snapshot>>(renewed);
        if (!newer) return refused(newer.error(), source);
        if (*newer == keys) break;
        keys = *newer;
        result = judge(token, *keys, policy_, now);
    }
    if (!result && result.error().code == Errc::bad_signature) source->recheck(keys);
    return judge_by(keys, result, source, now, proof);
}

/// The verdict that follows from the result by these keys, and from the checks.
Verdict Authenticator::judge_by(const Snapshot& keys, const Result<Accepted, Refusal>& result, SourceHandle source,
                                Instant now, Proof& proof) const {
    if (!result) return refused(result.error(), std::move(source));
    if (!checks_.empty())
        if (const auto refusal = refused_by_check(CheckedClaims::of(result->claims), now))
            return {.kind = Verdict::Kind::refused, .refusal = *refusal, .source = std::move(source)};
    proof = {*result, keys->id()};
    return {.kind = Verdict::Kind::accepted, .source = std::move(source)};
}

Verdict Authenticator::refused_without_source(Refusal refusal, ParsedToken& token) const {
    Verdict verdict = refused(refusal);
    if (refusal.code == Errc::keys_unavailable)
        verdict.retry_after = std::get<std::shared_ptr<IssuerRegistry>>(keys_)->retry_after(*token.claimed_issuer());
    return verdict;
}

Result<SourceHandle, Refusal> Authenticator::source_for(ParsedToken& token) const {
    if (const auto* only = std::get_if<std::shared_ptr<KeySource>>(&keys_)) return SourceHandle::borrow(**only);
    const auto issuer = token.claimed_issuer();
    if (!issuer) return issuer.error();
    auto found = std::get<std::shared_ptr<IssuerRegistry>>(keys_)->find(*issuer);
    if (!found) return Refusal(found.error());
    return SourceHandle::hold(*std::move(found));
}

/// None for one whose issuer is no longer in the registry.
SourceHandle Authenticator::source_of(const CachedToken& token) const {
    if (const auto* only = std::get_if<std::shared_ptr<KeySource>>(&keys_)) return SourceHandle::borrow(**only);
    return SourceHandle::hold(std::get<std::shared_ptr<IssuerRegistry>>(keys_)->find_known(token.issuer));
}

std::optional<Errc> Authenticator::refused_by_check(const CheckedClaims& claims, Instant now) const {
    for (const auto& check : checks_)
        if (const auto refusal = check->refuse(claims, now)) return refusal;
    return std::nullopt;
}

}  // namespace authjwks
