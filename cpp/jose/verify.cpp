#include "jose/verify.hpp"

namespace authjwks {

Result<ParsedToken> read_token(std::string_view text, const Policy& policy, Scratch& scratch) {
    const auto compact = split_compact(text, policy.max_token_bytes());
    if (!compact) return compact.error();
    return ParsedToken::parse(*compact, policy.algorithms(), scratch);
}

Result<Accepted, Refusal> judge(const ParsedToken& token, const KeySet& keys, const Policy& policy, Instant now) {
    const auto verified = VerifiedToken::check(token, keys);
    if (!verified) return Refusal(verified.error());
    if (!policy.accepts_type(verified->type())) return Refusal(Errc::wrong_type);
    const auto claims = verified->claims();
    if (!claims) return Refusal(claims.error());
    const auto validity = check_claims(*claims, policy, now);
    if (!validity) return validity.error();
    return Accepted{*claims, *validity};
}

}  // namespace authjwks
