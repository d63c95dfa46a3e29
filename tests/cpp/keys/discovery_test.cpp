#include "keys/discovery.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"
#include "support/members.hpp"

namespace authjwks {
namespace {

using support::json_text;
using support::Members;
using support::to_json;
using namespace std::chrono_literals;

constexpr std::string_view kIssuer = "https://issuer.example/tenant";
constexpr std::string_view kOpenid = "https://issuer.example/tenant/.well-known/openid-configuration";
constexpr std::string_view kOauth = "https://issuer.example/.well-known/oauth-authorization-server/tenant";
constexpr std::string_view kKeys = "https://keys.example/jwks";

/// A set of one key of this name.
std::string set_of(std::string_view key_id) {
    return support::key_set_json({support::KeyPair::of("Ed25519").jwk(key_id)});
}
const std::string& some_set() {
    static const std::string set = set_of("a");
    return set;
}

/// A whole web of documents, as a Fetch that remembers what was requested.
class Web {
  public:
    void put(std::string_view url, std::string_view body, long status = 200,
             std::optional<std::chrono::seconds> lifetime = std::nullopt, const Validators& version = {}) {
        pages_.insert_or_assign(std::string(url), HttpResponse{status, std::string(body), lifetime, version});
    }
    void put(std::string_view url, HttpResponse page) { pages_.insert_or_assign(std::string(url), std::move(page)); }
    void fail(std::string_view url, const FetchFailure& failure) { pages_.insert_or_assign(std::string(url), failure); }

    Fetch fetch() {
        return [this](const HttpRequest& request) -> Result<HttpResponse, FetchFailure> {
            requests_.push_back(request);
            const auto page = pages_.find(request.url);
            return page == pages_.end() ? HttpResponse{.status = 404} : page->second;
        };
    }

    const std::vector<HttpRequest>& requests() const { return requests_; }
    std::vector<std::string> asked() const {
        std::vector<std::string> urls;
        for (const HttpRequest& request : requests_) urls.push_back(request.url);
        return urls;
    }

  private:
    std::map<std::string, Result<HttpResponse, FetchFailure>> pages_;
    std::vector<HttpRequest> requests_;
};

using Urls = std::vector<std::string>;

Members metadata(std::string_view issuer = kIssuer, std::string_view jwks_uri = kKeys) {
    return {{"issuer", json_text(issuer)}, {"jwks_uri", json_text(jwks_uri)}};
}

/// The word for what went wrong, or "".
std::string_view load(Web& web, const LocationOptions& options) {
    const auto loaded = KeyLocation(options).load(web.fetch(), {.deadline = Clock::now() + 5s});
    return loaded ? "" : name_of(loaded.error().fault);
}
std::string_view load(Web& web) { return load(web, {.issuer = std::string(kIssuer)}); }

/// Why loading fails, which it must.
FetchFailure failure_of(Web& web, const LocationOptions& options) {
    const auto loaded = KeyLocation(options).load(web.fetch(), {.deadline = Clock::now() + 5s});
    return loaded ? throw std::runtime_error("there are keys") : loaded.error();
}
FetchFailure failure_of(Web& web) { return failure_of(web, {.issuer = std::string(kIssuer)}); }

TEST(GivenAnIssuerToDiscover, ItsWellKnownDocumentsAreAskedForInOrder) {
    struct Row {
        std::string_view issuer, openid, oauth;
    };
    for (const auto& [issuer, openid, oauth] : {
             Row{"https://h.example", "https://h.example/.well-known/openid-configuration",
                 "https://h.example/.well-known/oauth-authorization-server"},
             {"https://h.example/", "https://h.example/.well-known/openid-configuration",
              "https://h.example/.well-known/oauth-authorization-server"},
             {"https://h.example:8443", "https://h.example:8443/.well-known/openid-configuration",
              "https://h.example:8443/.well-known/oauth-authorization-server"},
             {"https://h.example/a", "https://h.example/a/.well-known/openid-configuration",
              "https://h.example/.well-known/oauth-authorization-server/a"},
             {"https://h.example/a/", "https://h.example/a/.well-known/openid-configuration",
              "https://h.example/.well-known/oauth-authorization-server/a"},
             {"https://h.example:8443/a/b", "https://h.example:8443/a/b/.well-known/openid-configuration",
              "https://h.example:8443/.well-known/oauth-authorization-server/a/b"},
             {"https://h.example/https://x", "https://h.example/https://x/.well-known/openid-configuration",
              "https://h.example/.well-known/oauth-authorization-server/https://x"},
         }) {
        Web web;
        EXPECT_EQ(load(web, {.issuer = std::string(issuer)}), "not_found");
        EXPECT_EQ(web.asked(), (Urls{std::string(openid), std::string(oauth)})) << issuer;
    }
}

TEST(GivenAnIssuerToDiscover, ItsMetadataLeadsToItsKeys) {
    Web web;
    web.put(kOpenid, to_json(metadata()));
    web.put(kKeys, some_set(), 200, 120s);

    const auto loaded =
        KeyLocation({.issuer = std::string(kIssuer)}).load(web.fetch(), {.deadline = Clock::now() + 5s});

    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->lifetime, 120s) << "of the keys";
    EXPECT_EQ(web.asked(), (Urls{std::string(kOpenid), std::string(kKeys)}));
}

TEST(GivenAMetadataDocumentOfAnotherAge, TheKeysKeepTheirOwn) {
    Web web;
    web.put(kOpenid, to_json(metadata()), 200, 7s);
    web.put(kKeys, some_set());

    const auto loaded =
        KeyLocation({.issuer = std::string(kIssuer)}).load(web.fetch(), {.deadline = Clock::now() + 5s});

    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->lifetime, std::nullopt);
}

TEST(GivenADeadlineAndNoCache, EveryRequestCarriesThem) {
    const Tick deadline = Clock::now() + 3s;
    for (const bool no_cache : {false, true}) {
        Web web;
        web.put(kOauth, to_json(metadata()));
        web.put(kKeys, some_set());
        ASSERT_TRUE(KeyLocation({.issuer = std::string(kIssuer)})
                        .load(web.fetch(), {.deadline = deadline, .no_cache = no_cache}));
        ASSERT_EQ(web.requests().size(), 3U);
        for (const HttpRequest& request : web.requests()) {
            EXPECT_EQ(request.deadline, deadline);
            EXPECT_EQ(request.no_cache, no_cache);
        }
    }
}

TEST(GivenAnOpenidDocumentThatIsNotThere, TheOauthOneIsAskedFor) {
    for (const long status : {404, 405}) {
        Web web;
        web.put(kOpenid, "", status);
        web.put(kOauth, to_json(metadata()));
        web.put(kKeys, some_set());
        EXPECT_EQ(load(web), "") << status;
    }
}

TEST(GivenNeitherDocument, TheFailureIsThatOfTheFirst) {
    Web web;
    web.put(kOpenid, "", 405);
    const FetchFailure failure = failure_of(web);
    EXPECT_EQ(failure.fault, FetchFault::bad_status);
    EXPECT_EQ(failure.status, 405);
    EXPECT_EQ(failure.url, kOpenid);
}

TEST(GivenAnOauthDocumentThatFails, ItsFailureIsReturned) {
    Web web;
    web.put(kOauth, "", 500);
    const FetchFailure failure = failure_of(web);
    EXPECT_EQ(failure.fault, FetchFault::server_error);
    EXPECT_EQ(failure.url, kOauth);
}

TEST(GivenAnyOtherStatus, NothingElseIsAskedFor) {
    for (const long status :
         {0, 100, 201, 204, 206, 301, 302, 304, 307, 399, 400, 401, 403, 407, 410, 429, 499, 500, 502, 503, 599}) {
        Web web;
        web.put(kOpenid, to_json(metadata()), status);
        web.put(kOauth, to_json(metadata()));
        EXPECT_EQ(load(web), name_of(fault_of_status(status))) << status;
        EXPECT_EQ(web.requests().size(), 1U) << status;
    }
}

TEST(GivenAnOpenidDocumentThatIsWrong, NothingElseIsAskedFor) {
    Web web;
    web.put(kOpenid, to_json(metadata("https://evil.example")));
    web.put(kOauth, to_json(metadata()));
    EXPECT_EQ(load(web), "issuer_mismatch");
    EXPECT_EQ(web.requests().size(), 1U);
}

TEST(GivenAServerThatCannotBeReached, ItsFaultIsReturned) {
    for (const FetchFault fault :
         {FetchFault::unreachable, FetchFault::timed_out, FetchFault::tls_failed, FetchFault::too_large}) {
        Web web;
        web.fail(kOpenid, fault);
        EXPECT_EQ(load(web), name_of(fault));
        EXPECT_EQ(web.requests().size(), 1U) << "the other document is on the same server";
        web.put(kOpenid, to_json(metadata()));
        web.fail(kKeys, fault);
        EXPECT_EQ(load(web), name_of(fault));
    }
}

TEST(GivenADiscoveryUrl, ItAloneIsAskedFor) {
    const LocationOptions options{.issuer = std::string(kIssuer), .discovery_url = "https://d.example/meta?tenant=x"};
    Web web;
    EXPECT_EQ(load(web, options), "not_found");
    EXPECT_EQ(web.asked(), Urls{"https://d.example/meta?tenant=x"});
    web.put("https://d.example/meta?tenant=x", to_json(metadata()));
    web.put(kKeys, some_set());
    EXPECT_EQ(load(web, options), "");
}

TEST(GivenADiscoveryUrlWithoutAnIssuer, TheMetadataMayNameAnyOne) {
    Web web;
    web.put("https://d.example/meta", to_json(metadata("https://anyone.example")));
    web.put(kKeys, some_set());
    EXPECT_EQ(load(web, {.discovery_url = "https://d.example/meta"}), "");
}

TEST(GivenAJwksUri, NoMetadataIsAskedFor) {
    Web web;
    web.put(kKeys, some_set());
    EXPECT_EQ(
        load(web, {.issuer = "no url at all", .discovery_url = "https://d.example/", .jwks_uri = std::string(kKeys)}),
        "");
    EXPECT_EQ(web.asked(), Urls{std::string(kKeys)});
}

TEST(GivenMetadataOfAnotherIssuer, ItIsRefused) {
    for (const std::string_view other :
         {"https://issuer.example/tenant/", "https://issuer.example/", "https://ISSUER.example/tenant",
          "http://issuer.example/tenant", "https://issuer.example/tenant?", "", "https://evil.example/tenant"}) {
        Web web;
        web.put(kOpenid, to_json(metadata(other)));
        web.put(kKeys, some_set());
        EXPECT_EQ(load(web), "issuer_mismatch") << other;
        EXPECT_EQ(web.requests().size(), 1U) << other;
    }
}

TEST(GivenAnotherSpellingOfTheIssuer, TheMetadataMayNameEither) {
    const LocationOptions options{.issuer = std::string(kIssuer), .spellings = {"https://issuer.example/tenant/"}};
    struct Row {
        std::string_view named, fault;
    };
    for (const auto& [named, fault] :
         {Row{kIssuer, ""}, Row{"https://issuer.example/tenant/", ""},
          Row{"https://issuer.example/tenant//", "issuer_mismatch"}, Row{"https://evil.example", "issuer_mismatch"}}) {
        Web web;
        web.put(kOpenid, to_json(metadata(named)));
        web.put(kKeys, some_set());
        EXPECT_EQ(load(web, options), fault) << named;
    }
}

TEST(GivenMetadataOfAnotherShape, ItIsRefused) {
    for (const std::string_view text :
         {"[]", "null", "{}", R"({"issuer":"https://issuer.example/tenant"})",
          R"({"jwks_uri":"https://keys.example/jwks"})", R"({"issuer":1,"jwks_uri":"https://keys.example/jwks"})",
          R"({"issuer":"https://issuer.example/tenant","jwks_uri":null})",
          R"({"issuer":["https://issuer.example/tenant"],"jwks_uri":"https://keys.example/jwks"})",
          R"({"issuer":"https://issuer.example/tenant","jwks_uri":["https://keys.example/jwks"]})"}) {
        Web web;
        web.put(kOpenid, text);
        EXPECT_EQ(load(web), "not_discovery") << text;
    }
}

TEST(GivenMetadataThatNamesAMemberTwice, ItIsRefused) {
    const std::string members = to_json(metadata());
    for (const std::string_view twice :
         {R"("issuer":"https://issuer.example/tenant")", R"("jwks_uri":"https://evil.example/")",
          R"("jwks_\u0075ri":"https://evil.example/")", R"("x":1,"x":1)"}) {
        Web web;
        web.put(kOpenid, members.substr(0, members.size() - 1).append(",").append(twice) + "}");
        EXPECT_EQ(load(web), "not_discovery") << twice;
    }
}

TEST(GivenMetadataThatIsNoJson, ItIsRefused) {
    for (const std::string& text : {std::string(), std::string("<html>"), to_json(metadata()) + "x",
                                    R"({"x":)" + std::string(17, '[') + std::string(17, ']') + "}"}) {
        Web web;
        web.put(kOpenid, text);
        EXPECT_EQ(load(web), "not_json") << text;
    }
}

TEST(GivenHttpsMetadataWithAnotherHost, OnlyHttpsHostsAreAsked) {
    struct Row {
        std::string_view jwks_uri, fault;
    };
    for (const bool allow_http : {false, true})
        for (const auto& [jwks_uri, fault] : {
                 Row{"https://other.example/keys", ""},
                 {"http://issuer.example/keys", "url_refused"},
                 {"HTTP://issuer.example/keys", "url_refused"},
                 {"http://127.0.0.1/keys", "url_refused"},
                 {"file:///etc/passwd", "url_refused"},
                 {"ftp://issuer.example/keys", "url_refused"},
                 {"/keys", "url_refused"},
                 {"", "url_refused"},
                 {"https://user:secret@issuer.example/", "url_refused"},
                 {"https://issuer.example/keys#x", "url_refused"},
             }) {
            Web web;
            web.put(kOpenid, to_json(metadata(kIssuer, jwks_uri)));
            web.put("https://other.example/keys", some_set());
            EXPECT_EQ(load(web, {.issuer = std::string(kIssuer), .allow_http = allow_http}), fault) << jwks_uri;
            EXPECT_EQ(web.requests().size(), fault.empty() ? 2U : 1U) << jwks_uri;
        }
}

TEST(GivenMetadataThatCameByHttp, ItsKeysMayToo) {
    for (const std::string_view jwks_uri : {"http://127.0.0.1:8000/keys", "https://keys.example/jwks"}) {
        Web web;
        web.put("http://127.0.0.1:8000/.well-known/openid-configuration",
                to_json(metadata("http://127.0.0.1:8000", jwks_uri)));
        web.put(jwks_uri, some_set());
        EXPECT_EQ(load(web, {.issuer = "http://127.0.0.1:8000", .allow_http = true}), "") << jwks_uri;
    }
}

TEST(GivenAResponseThatIsNoKeySet, ItsFaultIsReturned) {
    std::string many = R"({"keys":[1)";
    for (int i = 1; i <= 256; ++i) many += ",1";
    struct Row {
        std::string body, fault;
        long status = 200;
    };
    for (const auto& [body, fault, status] :
         {Row{"<html>", "not_json"}, Row{"", "not_json"}, Row{"{}", "not_a_key_set"},
          Row{R"({"keys":[],"keys":[]})", "not_a_key_set"}, Row{many + "]}", "too_many_keys"},
          Row{std::string((1 << 20) + 1, ' '), "too_large"}, Row{some_set(), "not_found", 404},
          Row{some_set(), "bad_status", 304}, Row{some_set(), "bad_status", 206}, Row{some_set(), "server_error", 500},
          Row{R"({"keys":[]})", "no_usable_keys"}}) {
        Web web;
        web.put(kKeys, body, status);
        EXPECT_EQ(load(web, {.jwks_uri = std::string(kKeys)}), fault) << body.substr(0, 40);
    }
}

TEST(GivenAFailure, ItNamesStageUrlAndStatus) {
    struct Row {
        std::string_view url;
        FetchStage stage;
    };
    for (const auto& [url, stage] : {Row{kOpenid, FetchStage::discovery}, {kKeys, FetchStage::key_set}}) {
        Web web;
        web.put(kOpenid, to_json(metadata()));
        web.put(url, "", 403);
        const FetchFailure refused = failure_of(web);
        EXPECT_EQ(refused.fault, FetchFault::access_denied);
        EXPECT_EQ(refused.stage, stage);
        EXPECT_EQ(refused.url, url);
        EXPECT_EQ(refused.status, 403);

        web.fail(url, {FetchFault::unreachable, "libcurl error 56: text"});
        const FetchFailure broken = failure_of(web);
        EXPECT_EQ(broken.stage, stage);
        EXPECT_EQ(broken.url, url);
        EXPECT_EQ(broken.status, 0);
        EXPECT_EQ(broken.cause, "libcurl error 56: text") << "which the fetch has named";

        web.put(url, "<html>");
        const FetchFailure nonsense = failure_of(web);
        EXPECT_EQ(nonsense.fault, FetchFault::not_json);
        EXPECT_EQ(nonsense.stage, stage);
        EXPECT_EQ(nonsense.url, url);
    }
}

TEST(GivenAFailure, ALongUrlIsShortened) {
    const std::string base = "https://keys.example/";
    for (const std::size_t size : {200, 201, 2000}) {
        const std::string url = base + std::string(size - base.size(), 'a');
        Web web;
        EXPECT_EQ(failure_of(web, {.jwks_uri = url}).url, size == 200 ? url : url.substr(0, 200) + "...") << size;
    }
}

TEST(GivenAServerThatWantsToBeLeftAlone, ItsTimeIsReturnedFor429And503) {
    for (const std::string_view url : {kOpenid, kKeys})
        for (const long status : {429, 503, 500, 502, 403, 301}) {
            Web web;
            web.put(kOpenid, to_json(metadata()));
            web.put(url, HttpResponse{.status = status, .body = {}, .retry_after = 17s});
            const bool is_obeyed = status == 429 || status == 503;
            EXPECT_EQ(failure_of(web).retry_after, is_obeyed ? std::optional(17s) : std::nullopt) << status;
        }
}

TEST(GivenASetWithoutAUsableKey, TheReasonsAreItsCause) {
    Members weak = support::KeyPair::of("RSA").jwk("a"), for_encryption = support::KeyPair::of("P-256").jwk("b");
    weak["n"] = json_text(std::string(86, 'A'));
    for_encryption["use"] = json_text("enc");
    struct Row {
        std::string body, cause;
    };
    for (const auto& [body, cause] :
         {Row{R"({"keys":[]})", "the set is empty"}, Row{R"({"keys":[1]})", "1 key: not_an_object"},
          Row{R"({"keys":[1,2,3]})", "3 keys: not_an_object"},
          Row{support::key_set_json({weak, for_encryption}), "2 keys: weak_key, not_for_signatures"},
          Row{R"({"keys":[1,)" + to_json(for_encryption) + ",2]}", "3 keys: not_an_object, not_for_signatures"}}) {
        Web web;
        web.put(kKeys, body);
        const FetchFailure failure = failure_of(web, {.jwks_uri = std::string(kKeys)});
        EXPECT_EQ(failure.fault, FetchFault::no_usable_keys) << body;
        EXPECT_EQ(failure.cause, cause);
        EXPECT_EQ(failure.url, kKeys);
        EXPECT_EQ(failure.stage, FetchStage::key_set);
    }
}

TEST(GivenMetadataOfAnotherIssuer, TheFailureTellsWhatItNamesAndWhatToDo) {
    Web web;
    web.put(kOpenid,
            R"({"issuer":"https://issuer.example/tenant/\n\u0000\u00e4\"","jwks_uri":"https://keys.example/"})");
    EXPECT_EQ(failure_of(web).cause, R"(it names "https://issuer.example/tenant/\x0a\x00\xc3\xa4\x22")");

    web.put(kOpenid, to_json(metadata("https://issuer.example/tenant/")));
    const FetchFailure failure = failure_of(web);
    EXPECT_EQ(failure.fault, FetchFault::issuer_mismatch);
    EXPECT_EQ(failure.stage, FetchStage::discovery);
    EXPECT_EQ(failure.url, kOpenid);
    EXPECT_EQ(failure.cause, R"(it names "https://issuer.example/tenant/")");
    EXPECT_EQ(failure.hint, "Set issuer to that text, with a slash at its end.");

    web.put(kOpenid, to_json(metadata(std::string(5000, 'a'))));
    EXPECT_EQ(failure_of(web).cause, "it names \"" + std::string(200, 'a') + "\"...");
    EXPECT_EQ(failure_of(web).hint, "");
}

/// The key set at hand, and the place it came from.
class GivenKeysAtHand : public ::testing::Test {
  protected:
    Result<LoadedKeys, FetchFailure> load_again(bool no_cache = false) {
        return location.load(web.fetch(), {.deadline = Clock::now() + 5s, .no_cache = no_cache, .known = known});
    }
    const Validators& sent() const { return web.requests().back().known; }

    Web web;
    const KeyLocation location{{.jwks_uri = std::string(kKeys)}};
    Origin known{std::string(kKeys), some_set(), {"\"v1\"", "Sun, 22 Nov 2026 10:00:00 GMT"}};
};

TEST(GivenAFirstResponse, ItsOriginIsReturned) {
    Web web;
    web.put(kOpenid, to_json(metadata()), 200, std::nullopt, {"\"of the metadata\"", ""});
    web.put(kKeys, some_set(), 200, 60s, {"\"v1\"", "then"});

    const auto loaded =
        KeyLocation({.issuer = std::string(kIssuer)}).load(web.fetch(), {.deadline = Clock::now() + 5s});

    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->keys);
    EXPECT_EQ(loaded->origin.url, kKeys);
    EXPECT_EQ(loaded->origin.body, some_set());
    EXPECT_EQ(loaded->origin.version.etag, "\"v1\"");
    EXPECT_EQ(loaded->origin.version.last_modified, "then");
}

TEST_F(GivenKeysAtHand, ValidatorsAreSentAnd304KeepsTheKeys) {
    web.put(kKeys, "", 304, 60s);

    const auto loaded = load_again();

    ASSERT_TRUE(loaded);
    EXPECT_EQ(sent().etag, known.version.etag);
    EXPECT_EQ(sent().last_modified, known.version.last_modified);
    EXPECT_FALSE(loaded->keys) << "those at hand are still the issuer's";
    EXPECT_EQ(loaded->lifetime, 60s);
    EXPECT_EQ(loaded->origin.body, known.body);
    EXPECT_EQ(loaded->origin.version.etag, known.version.etag);
}

TEST_F(GivenKeysAtHand, TheSameAnswerIsRecognised) {
    web.put(kKeys, some_set(), 200, 60s, {"\"v2\"", ""});

    const auto loaded = load_again();

    ASSERT_TRUE(loaded);
    EXPECT_FALSE(loaded->keys);
    EXPECT_EQ(loaded->lifetime, 60s);
    EXPECT_EQ(loaded->origin.version.etag, "\"v2\"") << "the newer name of the same version";
}

TEST_F(GivenKeysAtHand, AnotherAnswerIsRead) {
    web.put(kKeys, set_of("b"));

    const auto loaded = load_again();

    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->keys);
    EXPECT_EQ(loaded->origin.body, set_of("b"));
}

TEST_F(GivenKeysAtHand, NoCacheAsksForTheWholeDocument) {
    web.put(kKeys, some_set());
    const auto loaded = load_again(true);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(sent().etag, "");
    EXPECT_EQ(sent().last_modified, "");
    EXPECT_FALSE(loaded->keys) << "the same all the same";

    web.put(kKeys, "", 304);
    EXPECT_EQ(load_again(true).error().fault, FetchFault::bad_status) << "it was not asked for";
}

TEST_F(GivenKeysAtHand, AnotherPlaceIsAskedAfresh) {
    known.url = "https://elsewhere.example/";
    web.put(kKeys, some_set());
    const auto loaded = load_again();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(sent().etag, "");
    EXPECT_TRUE(loaded->keys);

    web.put(kKeys, "", 304);
    EXPECT_EQ(load_again().error().fault, FetchFault::bad_status);
}

TEST_F(GivenKeysAtHand, MetadataIsRequestedWithoutValidators) {
    web.put(kOpenid, to_json(metadata()));
    web.put(kKeys, "", 304);

    const auto loaded = KeyLocation({.issuer = std::string(kIssuer)})
                            .load(web.fetch(), {.deadline = Clock::now() + 5s, .known = known});

    ASSERT_TRUE(loaded);
    EXPECT_EQ(web.requests()[0].known.etag, "");
    EXPECT_EQ(web.requests()[1].known.etag, known.version.etag);
}

/// Keys whose place was named by metadata a minute ago.
class GivenAKnownLocation : public ::testing::Test {
  protected:
    Result<LoadedKeys, FetchFailure> load(Clock::duration max_age = 1h, bool no_cache = false) {
        return location.load(web.fetch(), {.deadline = Clock::now() + 5s,
                                           .no_cache = no_cache,
                                           .known = known,
                                           .now = now,
                                           .max_location_age = max_age});
    }

    static constexpr std::string_view kOther = "https://other.example/jwks";
    const Tick now{1000h};
    Web web;
    const KeyLocation location{{.issuer = std::string(kIssuer)}};
    Origin known{
        std::string(kKeys), some_set(), {"\"v1\"", ""}, FoundLocation{*Url::parse(kKeys, false), {}, now - 60s}};
};

TEST_F(GivenAKnownLocation, AYoungOneSavesTheMetadataRequest) {
    for (const bool no_cache : {false, true}) {
        web = Web();
        web.put(kKeys, set_of("b"));

        const auto loaded = load(1h, no_cache);

        ASSERT_TRUE(loaded);
        EXPECT_EQ(web.asked(), Urls{std::string(kKeys)});
        EXPECT_EQ(loaded->origin.location->jwks_uri.text(), kKeys);
        EXPECT_EQ(loaded->origin.location->found_at, now - 60s) << "it grows older";
    }
}

TEST_F(GivenAKnownLocation, UnchangedKeysKeepIt) {
    web.put(kKeys, "", 304);
    const auto loaded = load();
    ASSERT_TRUE(loaded);
    EXPECT_FALSE(loaded->keys);
    ASSERT_TRUE(loaded->origin.location);
    EXPECT_EQ(loaded->origin.location->found_at, now - 60s);
}

TEST_F(GivenAKnownLocation, OneThatIsTooOldIsAskedForAnew) {
    web.put(kOpenid, to_json(metadata()));
    web.put(kKeys, set_of("b"));
    EXPECT_TRUE(load(60s + Clock::duration(1)));
    EXPECT_EQ(web.requests().size(), 1U);
    for (const Clock::duration max_age : {Clock::duration(60s), Clock::duration::zero()}) {
        web = Web();
        web.put(kOpenid, to_json(metadata()));
        web.put(kKeys, set_of("b"));

        const auto loaded = load(max_age);

        ASSERT_TRUE(loaded);
        EXPECT_EQ(web.asked(), (Urls{std::string(kOpenid), std::string(kKeys)}));
        EXPECT_EQ(loaded->origin.location->found_at, now);
    }
}

TEST_F(GivenAKnownLocation, KeysThatHaveMovedAreFoundInTheSameLoad) {
    for (const long status : {404, 301, 403, 500, 200}) {
        web = Web();
        web.put(kKeys, R"({"keys":[]})", status);
        web.put(kOpenid, to_json(metadata(kIssuer, kOther)));
        web.put(kOther, set_of("b"));

        const auto loaded = load();

        ASSERT_TRUE(loaded) << status;
        EXPECT_EQ(web.asked(), (Urls{std::string(kKeys), std::string(kOpenid), std::string(kOther)}));
        EXPECT_EQ(loaded->origin.url, kOther);
        EXPECT_EQ(loaded->origin.location->jwks_uri.text(), kOther);
    }
}

TEST_F(GivenAKnownLocation, AServerThatIsGoneMayHaveMoved) {
    web.fail(kKeys, FetchFault::name_not_resolved);
    web.put(kOpenid, to_json(metadata(kIssuer, kOther)));
    web.put(kOther, set_of("b"));
    EXPECT_TRUE(load());
}

TEST_F(GivenAKnownLocation, KeysThatFailWhereTheyMovedFailTheLoad) {
    web.put(kKeys, "", 404);
    web.put(kOpenid, to_json(metadata(kIssuer, kOther)));
    web.put(kOther, "", 500);
    const auto loaded = load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().url, kOther);
}

TEST_F(GivenAKnownLocation, MetadataThatNamesTheSamePlaceLeavesTheFirstFailure) {
    web.put(kKeys, "", 403);
    web.put(kOpenid, to_json(metadata()));

    const auto loaded = load();

    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().fault, FetchFault::access_denied);
    EXPECT_EQ(loaded.error().url, kKeys);
    EXPECT_EQ(web.asked(), (Urls{std::string(kKeys), std::string(kOpenid)})) << "the keys are not asked for twice";
}

TEST_F(GivenAKnownLocation, MetadataThatFailsLeavesTheFirstFailure) {
    web.put(kKeys, "", 403);
    for (const std::string_view body : {"<html>", "{}"}) {
        web.put(kOpenid, body);
        const auto loaded = load();
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().fault, FetchFault::access_denied);
        EXPECT_EQ(loaded.error().stage, FetchStage::key_set);
    }
}

// More requests would make it worse.
TEST_F(GivenAKnownLocation, AServerThatIsSlowOrBusyIsNotAskedForMetadata) {
    web.put(kOpenid, to_json(metadata(kIssuer, kOther)));
    web.put(kOther, some_set());
    for (const FetchFault fault : {FetchFault::timed_out, FetchFault::stopped}) {
        web.fail(kKeys, fault);
        EXPECT_EQ(load().error().fault, fault);
    }
    web.put(kKeys, HttpResponse{.status = 429, .body = {}, .retry_after = 30s});
    EXPECT_EQ(load().error().retry_after, 30s);
    EXPECT_EQ(web.asked(), Urls(3, std::string(kKeys)));
}

TEST_F(GivenAKnownLocation, FaultsThatItsMetadataHadAreStillReported) {
    known.location->tolerated.byte_order_mark = true;
    web.put(kKeys, set_of("b"));
    const auto loaded = load();
    ASSERT_TRUE(loaded && loaded->keys);
    EXPECT_TRUE(loaded->keys->tolerated().byte_order_mark);
}

TEST_F(GivenAKnownLocation, AHostThatOnlyMetadataNamedGetsNoCredentials) {
    web.put(kKeys, some_set());
    EXPECT_TRUE(load());
    EXPECT_FALSE(web.requests()[0].send_credentials);
}

TEST(GivenAJwksUri, NoLocationIsKept) {
    Web web;
    web.put(kKeys, some_set());
    const auto loaded =
        KeyLocation({.jwks_uri = std::string(kKeys)}).load(web.fetch(), {.deadline = Clock::now() + 5s});
    ASSERT_TRUE(loaded);
    EXPECT_FALSE(loaded->origin.location);
}

TEST(GivenUrlsThatCannotBeUsed, TheLocationNamesTheOptionAndIsNotMade) {
    struct Row {
        LocationOptions options;
        std::string_view option;
    };
    const std::string http = "http://127.0.0.1/", user = "https://user@issuer.example/",
                      fragment = "https://issuer.example/#x", none = "issuer.example";
    std::vector<Row> rows{{{}, "issuer"},
                          {{.issuer = "https://issuer.example/?x=y"}, "issuer"},
                          {{.issuer = ""}, "issuer"},
                          {{.issuer = "https://issuer.example/" + std::string(2020, 'a')}, "issuer"}};
    for (const std::string& bad : {http, user, fragment, none, std::string()}) {
        rows.push_back({{.issuer = bad}, "issuer"});
        rows.push_back({{.issuer = std::string(kIssuer), .discovery_url = bad}, "discovery_url"});
        rows.push_back({{.issuer = std::string(kIssuer), .jwks_uri = bad}, "jwks_uri"});
    }
    for (const auto& [options, option] : rows) {
        SCOPED_TRACE(options.jwks_uri.value_or(options.discovery_url.value_or(options.issuer.value_or("nothing"))));
        try {
            const KeyLocation location(options);
            ADD_FAILURE() << "it was made";
        } catch (const std::invalid_argument& refusal) {
            EXPECT_TRUE(std::string_view(refusal.what()).starts_with(option)) << refusal.what();
        }
    }
}

TEST(GivenAnHttpUrl, TheRefusalSaysHowToAllowIt) {
    for (const LocationOptions& options :
         {LocationOptions{.issuer = "http://127.0.0.1:1"}, LocationOptions{.discovery_url = "http://127.0.0.1:1/x"},
          LocationOptions{.jwks_uri = "http://127.0.0.1:1/x"}})
        try {
            const KeyLocation location(options);
            ADD_FAILURE() << "it was made";
        } catch (const std::invalid_argument& refusal) {
            EXPECT_NE(std::string_view(refusal.what()).find("HttpOptions(allow_http=True)"), std::string_view::npos)
                << refusal.what();
        }
    try {
        const KeyLocation location({.jwks_uri = "http://user@127.0.0.1:1/x"});
        ADD_FAILURE() << "it was made";
    } catch (const std::invalid_argument& refusal) {
        EXPECT_EQ(std::string_view(refusal.what()).find("allow_http"), std::string_view::npos) << "it would not help";
    }
}

TEST(GivenHttpThatIsAllowed, TheLocationIsMade) {
    for (const LocationOptions& options : {LocationOptions{.issuer = "http://127.0.0.1:1", .allow_http = true},
                                           LocationOptions{.discovery_url = "http://127.0.0.1:1/x", .allow_http = true},
                                           LocationOptions{.jwks_uri = "http://127.0.0.1:1/x", .allow_http = true}})
        EXPECT_NO_THROW(const KeyLocation location(options));
}

/// Which of the requests that loading makes carry the configured headers and client certificate.
std::vector<bool> credentials_sent(const LocationOptions& options, std::string_view jwks_uri) {
    Web web;
    for (const std::string_view url : {kOpenid, kOauth, std::string_view("https://metadata.example/m")})
        web.put(url, to_json(metadata(kIssuer, jwks_uri)));
    web.put(jwks_uri, some_set());
    EXPECT_EQ(load(web, options), "");
    std::vector<bool> sent;
    for (const HttpRequest& request : web.requests()) sent.push_back(request.send_credentials);
    return sent;
}

TEST(GivenCredentials, OnlyTheConfiguredOriginGetsThem) {
    const LocationOptions by_issuer{.issuer = std::string(kIssuer)};
    using Sent = std::vector<bool>;
    EXPECT_EQ(credentials_sent(by_issuer, "https://issuer.example/keys"), (Sent{true, true}));
    EXPECT_EQ(credentials_sent(by_issuer, "https://ISSUER.example:443/keys"), (Sent{true, true}));
    EXPECT_EQ(credentials_sent(by_issuer, kKeys), (Sent{true, false}));
    EXPECT_EQ(credentials_sent(by_issuer, "https://issuer.example:8443/keys"), (Sent{true, false}));
    EXPECT_EQ(credentials_sent(by_issuer, "https://issuer.example.evil.example/keys"), (Sent{true, false}));
    EXPECT_EQ(credentials_sent({.jwks_uri = std::string(kKeys)}, kKeys), (Sent{true}));
    const LocationOptions by_metadata{.issuer = std::string(kIssuer), .discovery_url = "https://metadata.example/m"};
    EXPECT_EQ(credentials_sent(by_metadata, "https://metadata.example/keys"), (Sent{true, true}));
    EXPECT_EQ(credentials_sent(by_metadata, "https://issuer.example/keys"), (Sent{true, false}));
}

TEST(GivenCredentials, HostsThatAreNamedGetThemToo) {
    const auto sent = [](std::string host, std::string_view jwks_uri) -> bool {
        return credentials_sent({.issuer = std::string(kIssuer), .credential_hosts = {std::move(host)}}, jwks_uri)[1];
    };
    EXPECT_TRUE(sent("keys.example", "https://keys.example/jwks"));
    EXPECT_TRUE(sent("KEYS.example", "https://keys.example/jwks"));
    EXPECT_TRUE(sent("keys.example:8443", "https://keys.example:8443/jwks"));
    EXPECT_FALSE(sent("keys.example", "https://keys.example:8443/jwks"));
    EXPECT_FALSE(sent("example", "https://keys.example/jwks"));
    for (const char* host :
         {"", "a/b", "https://keys.example", "u@keys.example", "a b", "keys.example?x", "keys.example#x"})
        EXPECT_THROW(KeyLocation({.issuer = std::string(kIssuer), .credential_hosts = {host}}), std::invalid_argument)
            << host;
}

}  // namespace
}  // namespace authjwks
