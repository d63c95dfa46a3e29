// Ways to change a token's signature but not what it signs.
#pragma once

#include <string>

#include "support/token_mutations.hpp"

namespace authjwks::support::signature_mutations {

std::string flip_a_bit(const MutationInput& input);
std::string shorten_or_lengthen(const MutationInput& input);
std::string fill_with_one_byte(const MutationInput& input);

std::string ecdsa_twin(const MutationInput& input);
std::string ecdsa_der(const MutationInput& input);
/// r, s or both are 0, 1, the order, or the order plus or less one.
std::string ecdsa_edge_numbers(const MutationInput& input);
/// The order is added to r, s or both: the same numbers modulo it.
std::string ecdsa_plus_order(const MutationInput& input);
std::string ecdsa_swapped(const MutationInput& input);

/// The order is added to S (RFC 8032 §5.1.7 demands S < L).
std::string eddsa_plus_order(const MutationInput& input);
std::string eddsa_edge_numbers(const MutationInput& input);

/// The modulus is added, or the number is subtracted from it.
std::string rsa_modulus(const MutationInput& input);
std::string rsa_edge_numbers(const MutationInput& input);
std::string rsa_leading_zeros(const MutationInput& input);

/// A salt of another length than the digest's (RFC 7518 §3.5).
std::string pss_other_salt(const MutationInput& input);
/// The right key signs by another algorithm than the header says.
std::string other_algorithm(const MutationInput& input);
std::string signed_by_an_impostor(const MutationInput& input);

}  // namespace authjwks::support::signature_mutations
