#include "support/token_mutations.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "support/signature_mutations.hpp"
#include "support/signature_numbers.hpp"

namespace authjwks::support {
namespace {

using Input = MutationInput;

/// Texts of a token's parts, to be joined again.
struct Parts {
    explicit Parts(const IssuedToken& token)
        : texts{to_base64url(token.header), to_base64url(token.payload), to_base64url(token.signature)} {}

    std::string joined() const { return texts[0] + '.' + texts[1] + '.' + texts[2]; }

    std::array<std::string, 3> texts;
};

std::string flip_a_bit(const Input& in) {
    std::string text = in.token.text();
    char& character = text[in.random.below(text.size())];
    character = static_cast<char>(character ^ (1 << in.random.below(8)));
    return text;
}

std::string exchange_characters(const Input& in) {
    std::string text = in.token.text();
    for (std::size_t times = 1 + in.random.below(3); times > 0; --times)
        std::swap(text[in.random.below(text.size())], text[in.random.below(text.size())]);
    return text;
}

/// The last character of a part whose bytes do not fill it has bits without a meaning (RFC 4648 §3.5).
std::string set_spare_bits(const Input& in) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    Parts parts(in.token);
    const std::size_t first = in.random.below(3);
    for (std::size_t i = 0; i < 3; ++i) {
        std::string& text = parts.texts[(first + i) % 3];
        if (text.size() % 4 == 0) continue;
        const std::size_t spare = text.size() % 4 == 2 ? 16 : 4;
        text.back() = alphabet[alphabet.find(text.back()) + 1 + in.random.below(spare - 1)];
        break;
    }
    return parts.joined();
}

std::string encode_otherwise(const Input& in) {
    Parts parts(in.token);
    std::string& text = in.random.one_in(2) ? parts.texts[2] : parts.texts[in.random.below(3)];
    constexpr std::array<std::string_view, 10> blanks{" ", "\t", "\n", "\r\n", "=", ".", "%2E", "\xC2\xA0", ",", "\v"};
    switch (in.random.below(5)) {
        case 0: text.append(1 + in.random.below(3), '='); break;
        case 1: text.insert(in.random.below(text.size() + 1), in.random.pick(blanks)); break;
        case 2: text.insert(in.random.below(text.size() + 1), 1, '\0'); break;
        case 3:
            for (char& character : text) character = character == '-' ? '+' : character == '_' ? '/' : character;
            break;
        default: return std::string(in.random.pick(blanks)) + parts.joined();
    }
    return parts.joined();
}

std::string splice(const Input& in) {
    std::array<const IssuedToken*, 3> from{&in.token, &in.token, &in.token};
    from[in.random.below(3)] = &in.random.pick(in.others);
    if (in.random.one_in(3)) from[in.random.below(3)] = &in.random.pick(in.others);
    return compact(from[0]->header, from[1]->payload, from[2]->signature);
}

std::string cut_or_extend(const Input& in) {
    std::string text = in.token.text();
    const std::size_t place = in.random.below(text.size());
    switch (in.random.below(6)) {
        case 0: return text.substr(0, place);
        case 1: return text.substr(place + 1);
        case 2: return text.erase(place, 1 + in.random.below(8));
        case 3: return text.insert(place, text.substr(in.random.below(text.size()), 1 + in.random.below(8)));
        case 4: return text + text.substr(place);
        default: return text + in.random.pick(std::array{".", "A", "AA", ".AA", ".AA.AA", "AAAA", "~", "~AA~"});
    }
}

std::string any_member(std::string_view name, std::string_view value) {
    return '"' + std::string(name) + "\":" + std::string(value);
}

/// A name as JSON also lets it be written: its first letter by number.
std::string escaped(std::string_view name) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto letter = static_cast<unsigned char>(name.front());
    return std::string("\\u00") + digits[letter >> 4U] + digits[letter & 0xFU] + std::string(name.substr(1));
}

/// A member that no token of ours may have.
std::string evil_member(const Input& in) {
    static const std::vector<std::string> members{R"("crit":["exp"])",
                                                  R"("crit":[])",
                                                  R"("crit":["b64"],"b64":false)",
                                                  R"("crit":null)",
                                                  R"("\u0063rit":["none"])",
                                                  R"("b64":false)",
                                                  R"("b64":0)",
                                                  R"("\u00624":false,"b64":false)",
                                                  R"("typ":"logout+jwt")",
                                                  R"("typ":"dpop+jwt")",
                                                  R"("typ":7)",
                                                  R"("typ":null)",
                                                  R"("typ":"at+jwt")"};
    if (!in.random.one_in(3)) return in.random.pick(members);
    const auto name = in.random.pick(std::array{"alg", "kid"});
    const auto value = json_text(in.random.one_in(2) ? in.token.algorithm->name : in.random.pick(kAlgorithms).name);
    return any_member(in.random.one_in(2) ? escaped(name) : name, value);
}

std::string with_member(const Input& in, std::string_view member) {
    const std::string rest = in.token.header.substr(1, in.token.header.size() - 2);
    if (in.random.one_in(2)) return '{' + std::string(member) + ',' + rest + '}';
    return '{' + rest + ',' + std::string(member) + '}';
}

/// Unsigned by the issuer: the signature is that of another header.
std::string rewrite_header(const Input& in) {
    static constexpr std::array<std::string_view, 12> names{"none",  "None", "NONE",  "nOnE", "HS256",  "HS384",
                                                            "HS512", "",     "es256", "RS1",  "ES256K", "dir"};
    const auto alg = in.random.one_in(2) ? in.random.pick(names) : in.random.pick(kAlgorithms).name;
    const auto& key_id = in.random.one_in(2) ? in.token.key_id : in.random.pick(in.others).key_id;
    std::string header;
    switch (in.random.below(6)) {
        case 0: header = with_member(in, evil_member(in)); break;
        case 1:
            header = '{' + any_member("alg", json_text(alg)) + ',' + any_member("kid", json_text(key_id)) + '}';
            break;
        case 2: header = '{' + any_member("alg", json_text(in.token.algorithm->name)) + '}'; break;
        case 3: header = with_member(in, any_member("jwk", to_json(in.impostor.jwk(in.token.key_id)))); break;
        case 4: header = with_member(in, any_member("x", json_text(std::string(in.random.below(900), 'x')))); break;
        default: header = in.token.header.substr(0, 1) + ' ' + in.token.header.substr(1);
    }
    return compact(header, in.token.payload, in.token.signature);
}

std::string sign_an_evil_header(const Input& in) { return in.token.signed_again(with_member(in, evil_member(in))); }

std::string bring_a_key_along(const Input& in) {
    const std::string header = with_member(in, any_member("jwk", to_json(in.impostor.jwk(in.token.key_id))));
    return in.impostor.token(*in.token.algorithm, header, in.token.payload);
}

std::string rewrite_payload(const Input& in) {
    std::string payload = in.token.payload;
    switch (in.random.below(5)) {
        case 0: payload.replace(payload.find("user"), 4, "root"); break;
        case 1: payload.insert(1, R"("admin":true,)"); break;
        case 2: payload.insert(payload.size() - 1, R"(,"sub":"root")"); break;
        case 3: payload.insert(in.random.pick(std::array<std::size_t, 2>{1, payload.size() - 1}), " "); break;
        default: payload[in.random.below(payload.size())] ^= static_cast<char>(1U << in.random.below(8));
    }
    return compact(in.token.header, payload, in.token.signature);
}

std::string leave_unsigned(const Input& in) {
    const auto alg = in.random.pick(std::array{"none", "None", "NONE", "nOnE", "none ", "null"});
    const std::string header =
        '{' + any_member("alg", json_text(alg)) + ',' + any_member("kid", json_text(in.token.key_id)) + '}';
    const std::string unsigned_text = to_base64url(header) + '.' + to_base64url(in.token.payload) + '.';
    return in.random.one_in(2) ? unsigned_text : unsigned_text + to_base64url(in.token.signature);
}

/// The public key as bytes, in the forms that a library may keep it in.
std::string public_key_text(const Input& in) {
    const KeyPair& key = *in.token.key;
    switch (in.random.below(4)) {
        case 0: return key.public_pem();
        case 1: return key.public_pem().substr(0, key.public_pem().size() - 1);
        case 2: return to_json(key.jwk());
        default: return to_json(key.jwk(in.token.key_id));
    }
}

std::string use_the_public_key_as_a_secret(const Input& in) {
    struct Row {
        const char *name, *digest;
    };
    const auto [name, digest] =
        in.random.pick(std::array<Row, 3>{{{"HS256", "SHA256"}, {"HS384", "SHA384"}, {"HS512", "SHA512"}}});
    const std::string_view alg = in.random.one_in(4) ? in.token.algorithm->name : std::string_view(name);
    const std::string header =
        '{' + any_member("alg", json_text(alg)) + ',' + any_member("kid", json_text(in.token.key_id)) + '}';
    const std::string message = to_base64url(header) + '.' + to_base64url(in.token.payload);
    const std::string secret = public_key_text(in);
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned int size = 0;
    HMAC(EVP_get_digestbyname(digest), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(), &size);
    return message + '.' + to_base64url(std::string(mac.begin(), mac.begin() + size));
}

bool always(const Algorithm&) { return true; }
bool is_rsa(const Algorithm& row) { return row.key_type == KeyType::rsa; }
bool is_pss(const Algorithm& row) { return row.family == Family::rsa_pss; }
bool is_ecdsa(const Algorithm& row) { return row.family == Family::ecdsa; }
bool is_eddsa(const Algorithm& row) { return row.family == Family::eddsa; }
/// The EdDSA names differ in nothing but the name, which is signed.
bool signs_in_other_ways(const Algorithm& row) { return row.family != Family::eddsa; }

namespace of_signature = signature_mutations;

constexpr std::array kMutations{
    Mutation{"flip a bit of the text", always, flip_a_bit},
    Mutation{"exchange characters", always, exchange_characters},
    Mutation{"set spare bits", always, set_spare_bits},
    Mutation{"encode otherwise", always, encode_otherwise},
    Mutation{"splice", always, splice},
    Mutation{"cut or extend", always, cut_or_extend},
    Mutation{"rewrite the header", always, rewrite_header},
    Mutation{"sign an evil header", always, sign_an_evil_header},
    Mutation{"bring a key along", always, bring_a_key_along},
    Mutation{"rewrite the payload", always, rewrite_payload},
    Mutation{"leave unsigned", always, leave_unsigned},
    Mutation{"public key as a secret", always, use_the_public_key_as_a_secret},
    Mutation{"flip a bit of the signature", always, of_signature::flip_a_bit},
    Mutation{"signature of another length", always, of_signature::shorten_or_lengthen},
    Mutation{"signature of one byte", always, of_signature::fill_with_one_byte},
    Mutation{"signed by an impostor", always, of_signature::signed_by_an_impostor},
    Mutation{"signed by another algorithm", signs_in_other_ways, of_signature::other_algorithm},
    Mutation{"ECDSA: n - s", is_ecdsa, of_signature::ecdsa_twin, Expected::acceptance},
    Mutation{"ECDSA: DER", is_ecdsa, of_signature::ecdsa_der},
    Mutation{"ECDSA: 0, 1, n", is_ecdsa, of_signature::ecdsa_edge_numbers},
    Mutation{"ECDSA: r + n, s + n", is_ecdsa, of_signature::ecdsa_plus_order},
    Mutation{"ECDSA: s beside r", is_ecdsa, of_signature::ecdsa_swapped},
    Mutation{"EdDSA: S + L", is_eddsa, of_signature::eddsa_plus_order},
    Mutation{"EdDSA: 0, 1, L", is_eddsa, of_signature::eddsa_edge_numbers},
    Mutation{"RSA: plus or less modulus", is_rsa, of_signature::rsa_modulus},
    Mutation{"RSA: 0, 1, n", is_rsa, of_signature::rsa_edge_numbers},
    Mutation{"RSA: leading zeros", is_rsa, of_signature::rsa_leading_zeros},
    Mutation{"PSS: another salt length", is_pss, of_signature::pss_other_salt},
};

}  // namespace

std::span<const Mutation> token_mutations() { return kMutations; }

}  // namespace authjwks::support
