// JSON objects that a test can change, one member at a time.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace authjwks::support {

/// Member name to JSON text of its value, whatever that text is.
using Members = std::map<std::string, std::string>;

/// A JSON string of text that needs no escaping.
inline std::string json_text(std::string_view text) { return '"' + std::string(text) + '"'; }

inline std::string to_json(const Members& members) {
    std::string json;
    for (const auto& [name, value] : members)
        json.append(json.empty() ? "{" : ",").append(json_text(name) + ":" + value);
    return json.empty() ? "{}" : json + "}";
}

/// A JWK set of these keys, in this order.
inline std::string key_set_json(std::initializer_list<Members> keys) {
    std::string json;
    for (const Members& key : keys) json.append(json.empty() ? "" : ",").append(to_json(key));
    return R"({"keys":[)" + json + "]}";
}

}  // namespace authjwks::support
