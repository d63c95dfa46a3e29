// The judgement on one token: (text, key set, policy, now) -> claims or the reason against it. Pure and free of
// waiting.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/claims.hpp"
#include "jose/key_set.hpp"
#include "jose/policy.hpp"
#include "jose/token.hpp"

namespace authjwks {

/// First step: what can be said without a key. The token's views live in `text` and `scratch`.
Result<ParsedToken> read_token(std::string_view text, const Policy& policy, Scratch& scratch);

/// What a token that passed says, and how long it may go on passing.
struct Accepted {
    json::Object claims;  ///< in the token's Scratch
    Validity validity;
};

/// Second step: signature, then type and claims.
Result<Accepted> judge(const ParsedToken& token, const KeySet& keys, const Policy& policy, Instant now);

}  // namespace authjwks
