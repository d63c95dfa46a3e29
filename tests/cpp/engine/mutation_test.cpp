// The oracle for forgeries: of all texts that come of bending genuine tokens, none passes but the tokens themselves.
#include <cstdint>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/base64url.hpp"
#include "engine/authenticator.hpp"
#include "support/token_mutations.hpp"

namespace authjwks {
namespace {

using support::Expected;
using support::IssuedToken;
using support::KeyPair;
using support::Mutation;
using support::SigningKey;

constexpr Instant kNow{Seconds{1'700'000'000}};
constexpr std::uint64_t kSeed = 20'261'125;
constexpr std::size_t kTokensPerKey = 8;

/// Of all algorithms together; AUTHJWKS_MUTATIONS asks for another number.
std::size_t mutations_per_run() {
    const char* const asked = std::getenv("AUTHJWKS_MUTATIONS");
    return asked == nullptr ? 50'000 : std::stoull(asked);
}

/// Claims of which nothing is kept but the token that they belong to.
struct CachedTokenText : CachedClaims {
    explicit CachedTokenText(std::string_view text) : token(text) {}
    std::size_t bytes() const noexcept override { return 0; }

    std::string token;
};

/// Sees whether the claims that are delivered from the cache belong to the token that was asked for.
class TokenHost : public Host {
  public:
    explicit TokenHost(std::string_view token) : token_(token) {}

    bool run_unlocked(Work work) override {
        work();
        return true;
    }
    std::unique_ptr<const CachedClaims> deliver(json::Object, bool) override {
        return std::make_unique<const CachedTokenText>(token_);
    }
    void deliver(const CachedClaims& claims) override {
        is_same_token = static_cast<const CachedTokenText&>(claims).token == token_;
    }

    bool is_same_token = true;

  private:
    std::string_view token_;
};

std::string key_id_of(const SigningKey& key, bool bound) {
    return std::string(key.algorithm->name) + " on " + std::string(key.kind) + (bound ? ", bound" : "");
}

/// Every key twice: once for whatever its type allows, once for its algorithm alone.
std::string key_set() {
    std::string json;
    for (const SigningKey& key : support::all_signing_keys())
        for (const bool bound : {false, true}) {
            auto members = key.pair().jwk(key_id_of(key, bound));
            if (bound) members["alg"] = support::json_text(key.algorithm->name);
            json.append(json.empty() ? "" : ",").append(support::to_json(members));
        }
    return R"({"keys":[)" + json + "]}";
}

/// The number gives header and payload lengths of all kinds, so that each part has spare bits in some token.
IssuedToken issue(const SigningKey& key, std::size_t number) {
    const std::string key_id = key_id_of(key, number % 2 == 1);
    const std::string type = number % 4 < 2 ? "" : R"(,"typ":"JWT")";
    IssuedToken token{.algorithm = key.algorithm,
                      .key = &key.pair(),
                      .key_id = key_id,
                      .header = R"({"alg":")" + std::string(key.algorithm->name) + R"(","kid":")" + key_id + '"' +
                                type + std::string(number % 3, ' ') + '}',
                      .payload = R"({"iss":"https://issuer.example/","aud":"api","exp":1700000600,"sub":"user)" +
                                 std::string(number, 'r') + "\"}"};
    const std::string text = key.pair().token(*key.algorithm, token.header, token.payload);
    const std::string encoded = text.substr(text.rfind('.') + 1);
    token.signature.resize(base64url::decoded_bound(encoded.size()));
    token.signature.resize(*base64url::decode(encoded, token.signature.data()));
    return token;
}

PolicyOptions accept_every_algorithm() {
    PolicyOptions options{.issuers = {{"https://issuer.example/"}},
                          .audiences = {{"api"}},
                          .token_types = {{"", "JWT"}},
                          .required_claims = {"exp"}};
    for (const Algorithm& row : kAlgorithms) options.algorithms.emplace_back(row.name);
    return options;
}

class GivenTokensOfEveryAlgorithm : public ::testing::TestWithParam<std::size_t> {
  protected:
    struct Response {
        std::optional<Errc> refusal;
        bool is_from_cache;
    };
    /// How often a mutation was made, and what was said against it.
    using Tally = std::map<std::string_view, std::map<std::string_view, std::size_t>>;

    GivenTokensOfEveryAlgorithm() {
        for (const SigningKey& key : support::all_signing_keys())
            for (std::size_t number = 0; number < kTokensPerKey; ++number) issued.push_back(issue(key, number));
        for (const IssuedToken& token : issued) genuine.insert(token.text());
    }

    Response ask(std::string_view token) {
        TokenHost host(token);
        const Verdict verdict = authenticator.verify(token, kNow, WaitPolicy::never, host);
        EXPECT_TRUE(host.is_same_token) << "another token was found in the cache";
        if (verdict.kind == Verdict::Kind::accepted) return {std::nullopt, verdict.is_from_cache};
        EXPECT_EQ(verdict.kind, Verdict::Kind::refused);
        return {verdict.refusal, verdict.is_from_cache};
    }

    void judge(const Mutation& mutation, const IssuedToken& token, const std::string& text) {
        ASSERT_TRUE(ask(token.text()).is_from_cache);
        for (const bool again : {false, true}) {
            const Response answer = ask(text);
            const std::string_view said = answer.refusal ? describe(*answer.refusal).slug : "passed";
            const bool passes = !answer.refusal;
            ASSERT_EQ(passes, mutation.expected == Expected::acceptance)
                << mutation.name << (again ? ", asked again: " : ": ") << said << "\n  made of " << token.text()
                << "\n  asked   " << text << "\n  keys    " << key_set();
            ASSERT_TRUE(!passes || !again || answer.is_from_cache) << "what passed was not cached";
            if (!again) ++tally[mutation.name][said];
        }
    }

    void print(std::string_view title) const {
        for (const auto& [name, answers] : tally) {
            std::cout << title << "  " << std::left << std::setw(28) << name;
            for (const auto& [said, count] : answers) std::cout << "  " << said << ' ' << count;
            std::cout << '\n';
        }
    }

    const Authenticator authenticator{std::make_shared<KeySource>(*KeySet::parse(key_set(), {}), "fixed"),
                                      Policy(accept_every_algorithm()),
                                      std::make_unique<TokenCache>(TokenCache::Limits{std::size_t{1} << 24, 16'384})};
    std::vector<IssuedToken> issued;
    std::set<std::string> genuine;
    Tally tally;
};

TEST_P(GivenTokensOfEveryAlgorithm, NothingThatIsMadeOfThemPasses) {
    const auto keys = support::all_signing_keys();
    const SigningKey& key = keys[GetParam()];
    const KeyPair impostor = KeyPair::generate(key.kind);
    support::SeededRandom random(kSeed + GetParam());
    std::vector<const Mutation*> mutations;
    for (const Mutation& mutation : support::token_mutations())
        if (mutation.applies(*key.algorithm)) mutations.push_back(&mutation);
    for (const IssuedToken& token : issued) ASSERT_FALSE(ask(token.text()).refusal) << token.text();

    for (std::size_t made = 0; made < mutations_per_run() / keys.size() + 1; ++made) {
        const Mutation& mutation = *mutations[made % mutations.size()];
        // Some tokens cannot be changed in this way, and sometimes the result equals a genuine token.
        for (bool is_changed = false; !is_changed;) {
            const IssuedToken& token = issued[GetParam() * kTokensPerKey + random.below(kTokensPerKey)];
            const std::string text = mutation.mutate({token, issued, impostor, random});
            is_changed = !genuine.contains(text);
            if (is_changed) judge(mutation, token, text);
            if (HasFatalFailure()) return;
        }
    }

    print(key_id_of(key, false));
    EXPECT_EQ(tally.size(), mutations.size()) << "a kind of mutation was never made";
}

INSTANTIATE_TEST_SUITE_P(Engine, GivenTokensOfEveryAlgorithm,
                         ::testing::Range(std::size_t{0}, support::all_signing_keys().size()), [](const auto& row) {
                             const SigningKey key = support::all_signing_keys()[row.param];
                             std::string name(key.algorithm->name);
                             for (const char character : key.kind)
                                 if (character != '-') name += character;
                             return name;
                         });

}  // namespace
}  // namespace authjwks
