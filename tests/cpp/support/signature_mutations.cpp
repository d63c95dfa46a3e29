#include "support/signature_mutations.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "support/signature_numbers.hpp"

namespace authjwks::support::signature_mutations {
namespace {

std::string with_signature(const IssuedToken& token, std::string_view signature) {
    return compact(token.header, token.payload, signature);
}

std::string signing_input(const IssuedToken& token) {
    return to_base64url(token.header) + '.' + to_base64url(token.payload);
}

/// 0, 1, the order, and its neighbours.
crypto::Bignum edge_number(const BIGNUM& order, SeededRandom& random) {
    const crypto::Bignum one = number("\x01");
    switch (random.below(5)) {
        case 0: return number("");
        case 1: return number("\x01");
        case 2: return difference(order, *one);
        case 3: return sum(order, *one);
        default: return multiple(order, 1);
    }
}

/// Whether one of two numbers is chosen: the first, the second, or both.
struct Chosen {
    explicit Chosen(SeededRandom& random) : first(!random.one_in(3)), second(!first || random.one_in(2)) {}
    bool first, second;
};

}  // namespace

std::string flip_a_bit(const MutationInput& input) {
    std::string signature = input.token.signature;
    char& byte = signature[input.random.below(signature.size())];
    byte = static_cast<char>(byte ^ (1 << input.random.below(8)));
    return with_signature(input.token, signature);
}

std::string shorten_or_lengthen(const MutationInput& input) {
    std::string signature = input.token.signature;
    const std::size_t count = 1 + input.random.below(input.random.one_in(2) ? 4 : signature.size());
    switch (input.random.below(5)) {
        case 0: signature.resize(signature.size() - count % signature.size()); break;
        case 1: signature.erase(0, count % signature.size()); break;
        case 2: signature.append(count, '\0'); break;
        case 3: signature.insert(0, count, '\0'); break;
        default: signature += signature.substr(0, count);
    }
    return with_signature(input.token, signature);
}

std::string fill_with_one_byte(const MutationInput& input) {
    const char byte = static_cast<char>(input.random.pick(std::array{0x00, 0x01, 0x30, 0x7F, 0x80, 0xFF}));
    std::string signature = input.token.signature;
    const std::size_t first = input.random.one_in(2) ? 0 : input.random.below(signature.size());
    std::fill(signature.begin() + static_cast<std::ptrdiff_t>(first), signature.end(), byte);
    return with_signature(input.token, signature);
}

std::string ecdsa_twin(const MutationInput& input) {
    auto numbers = ecdsa_numbers(input.token.signature);
    numbers.s = difference(*order_of(input.token.key->kind()), *numbers.s);
    return with_signature(input.token, numbers.side_by_side(input.token.signature.size() / 2));
}

std::string ecdsa_der(const MutationInput& input) {
    std::string der = ecdsa_numbers(input.token.signature).der();
    if (input.random.one_in(2)) der.resize(input.token.signature.size(), '\0');
    return with_signature(input.token, der);
}

std::string ecdsa_edge_numbers(const MutationInput& input) {
    const auto order = order_of(input.token.key->kind());
    auto numbers = ecdsa_numbers(input.token.signature);
    const Chosen chosen(input.random);
    if (chosen.first) numbers.r = edge_number(*order, input.random);
    if (chosen.second) numbers.s = edge_number(*order, input.random);
    return with_signature(input.token, numbers.side_by_side(input.token.signature.size() / 2));
}

std::string ecdsa_plus_order(const MutationInput& input) {
    const std::size_t half = input.token.signature.size() / 2;
    // P-521 alone has bits to spare; the others need a byte more, or lose what does not fit.
    const bool fits = input.token.algorithm->curve == CurveId::p521;
    const auto added = multiple(*order_of(input.token.key->kind()), 1 + input.random.below(fits ? 127 : 3));
    auto numbers = ecdsa_numbers(input.token.signature);
    const Chosen chosen(input.random);
    if (chosen.first) numbers.r = sum(*numbers.r, *added);
    if (chosen.second) numbers.s = sum(*numbers.s, *added);
    return with_signature(input.token, numbers.side_by_side(half + input.random.below(2)));
}

std::string ecdsa_swapped(const MutationInput& input) {
    auto numbers = ecdsa_numbers(input.token.signature);
    std::swap(numbers.r, numbers.s);
    return with_signature(input.token, numbers.side_by_side(input.token.signature.size() / 2));
}

std::string eddsa_plus_order(const MutationInput& input) {
    const std::size_t half = input.token.signature.size() / 2;
    const auto added = multiple(*order_of(input.token.key->kind()), 1 + input.random.below(15));
    const auto scalar = number_from_little_endian(std::string_view(input.token.signature).substr(half));
    return with_signature(input.token,
                          input.token.signature.substr(0, half) + little_endian(*sum(*scalar, *added), half));
}

std::string eddsa_edge_numbers(const MutationInput& input) {
    const std::size_t half = input.token.signature.size() / 2;
    std::string point = input.token.signature.substr(0, half), scalar = input.token.signature.substr(half);
    const auto order = order_of(input.token.key->kind());
    const Chosen chosen(input.random);
    // The neutral element is (0, 1); its y is written first, its sign of x in the last bit (RFC 8032 §5.1.2).
    if (chosen.first) {
        point = little_endian(*number("\x01"), half);
        if (input.random.one_in(2)) point.back() = '\x80';
    }
    if (chosen.second) scalar = little_endian(*edge_number(*order, input.random), half);
    return with_signature(input.token, point + scalar);
}

std::string rsa_modulus(const MutationInput& input) {
    const auto modulus = modulus_of(*input.token.key);
    const auto signature = number(input.token.signature);
    const std::size_t size = input.token.signature.size();
    if (input.random.one_in(3)) return with_signature(input.token, big_endian(*difference(*modulus, *signature), size));
    const auto added = sum(*signature, *multiple(*modulus, 1 + input.random.below(3)));
    return with_signature(input.token, big_endian(*added, size + input.random.below(2)));
}

std::string rsa_edge_numbers(const MutationInput& input) {
    const auto number = edge_number(*modulus_of(*input.token.key), input.random);
    return with_signature(input.token, big_endian(*number, input.token.signature.size()));
}

std::string rsa_leading_zeros(const MutationInput& input) {
    return with_signature(input.token, std::string(1 + input.random.below(16), '\0') + input.token.signature);
}

std::string pss_other_salt(const MutationInput& input) {
    const int salt = input.random.pick(std::array{0, 1, 19, 20, 31, 33, 47, 63, 65, RSA_PSS_SALTLEN_AUTO});
    const auto& [token, others, impostor, random] = input;
    return with_signature(token, token.key->sign(*token.algorithm, signing_input(token), salt));
}

std::string other_algorithm(const MutationInput& input) {
    const IssuedToken& token = input.token;
    std::vector<const Algorithm*> others;
    for (const Algorithm& row : kAlgorithms)
        if (row.key_type == token.algorithm->key_type && &row != token.algorithm) others.push_back(&row);
    return with_signature(token, token.key->sign(*input.random.pick(others), signing_input(token)));
}

std::string signed_by_an_impostor(const MutationInput& input) {
    const IssuedToken& token = input.token;
    return with_signature(token, input.impostor.sign(*token.algorithm, signing_input(token)));
}

}  // namespace authjwks::support::signature_mutations
