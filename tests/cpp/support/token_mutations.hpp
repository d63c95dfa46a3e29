// Every known way to change a genuine token into one that its issuer has not made, as a table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/issued_token.hpp"
#include "support/seeded_random.hpp"

namespace authjwks::support {

struct MutationInput {
    const IssuedToken& token;
    const std::vector<IssuedToken>& others;  ///< of the same issuer, under any algorithm; `token` is among them
    const KeyPair& impostor;                 ///< of the same kind as the token's key, in no key set
    SeededRandom& random;
};

enum class Expected : std::uint8_t {
    refusal,
    /// ECDSA verifies (r, n - s) wherever it verifies (r, s): anybody who sees a token can derive the other signature.
    /// It says the same as the token, but it is another text.
    acceptance,
};

struct Mutation {
    std::string_view name;
    /// False where the algorithm does not allow this mutation.
    bool (*applies)(const Algorithm& algorithm);
    /// A text that may, by chance, be one of the genuine tokens.
    std::string (*mutate)(const MutationInput& input);
    Expected expected = Expected::refusal;
};

std::span<const Mutation> token_mutations();

}  // namespace authjwks::support
