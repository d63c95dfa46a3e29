// Judges one token: (text, key set, policy, now) -> claims or a refusal. Pure, and never waits.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/refusal.hpp"
#include "base/result.hpp"
#include "jose/claims.hpp"
#include "jose/key_set.hpp"
#include "jose/policy.hpp"
#include "jose/token.hpp"

namespace authjwks {

/// First step, which needs no key. The views of the token refer to `text` and `scratch`.
Result<ParsedToken> read_token(std::string_view text, const Policy& policy, Scratch& scratch);

/// The claims of an accepted token, and the time in which it is valid.
struct Accepted {
    json::Object claims;  ///< in the token's Scratch
    Validity validity;
};

/// Second step: signature, then type and claims.
Result<Accepted, Refusal> judge(const ParsedToken& token, const KeySet& keys, const Policy& policy, Instant now);

}  // namespace authjwks
