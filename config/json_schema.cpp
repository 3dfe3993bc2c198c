#include "config/document.hpp"
#include "config/reference.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"
#include "core/base/load_property.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>

namespace loadstar::config {
namespace {

using Json = nlohmann::ordered_json;

/// Any scalar may be `${env:...}` instead.
Json or_interpolated(Json schema) {
  return Json{
      {"anyOf", Json::array({std::move(schema), Json{{"$ref", "#/definitions/interpolated"}}})}};
}

/// A text that editors may take for a number or a boolean; the daemon reads every scalar as text.
Json any_scalar() { return Json{{"type", Json::array({"string", "number", "boolean"})}}; }

Json pattern(const char* expression) { return Json{{"type", "string"}, {"pattern", expression}}; }

Json choice_schema(const Description& about) {
  Json words = Json::array();
  for (const std::string& word : about.choices) {
    words.push_back(word);
    if (const auto number = parse_decimal(word); number.ok()) words.push_back(number.value());
  }
  return Json{{"enum", std::move(words)}};
}

Json number_schema(const char* type, const Description& about) {
  Json schema{{"type", type}};
  if (about.range) {
    schema["minimum"] = about.range->min;
    schema["maximum"] = about.range->max;
  }
  return schema;
}

Json scalar_schema(const Description& about) {
  switch (about.kind) {
    case Kind::kBool:
      return or_interpolated(Json{{"type", "boolean"}});
    case Kind::kInteger:
      return or_interpolated(number_schema("integer", about));
    case Kind::kDecimal:
      return or_interpolated(number_schema("number", about));
    case Kind::kPercent:
      return or_interpolated(pattern("^[0-9]+%$"));
    case Kind::kSize:
      return or_interpolated(pattern("^[0-9]+([KMG]i?)?B$"));
    case Kind::kDuration:
      return or_interpolated(pattern("^[0-9]+(ms|s|m|h)$"));
    case Kind::kChoice:
      return or_interpolated(choice_schema(about));
    case Kind::kLoadUrl:
      return or_interpolated(pattern("^https?://"));
    case Kind::kListenAddress:
      return or_interpolated(pattern("^(unix:/|.*:[0-9]+$)"));
    case Kind::kHostPort:
    case Kind::kAllowPattern:
      return or_interpolated(pattern(":[0-9]+$"));
    case Kind::kText:
    case Kind::kSecret:
    case Kind::kPath:
    case Kind::kTimeZone:
    case Kind::kProperty:
      return any_scalar();
  }
  return {};
}

Json property_map_schema(const Description& about) {
  Json names = Json::object();
  for (const LoadProperty& property : load_properties()) {
    names[std::string(property.name)] = any_scalar();
    names[std::string(property.name)]["description"] = property.help;
  }
  return Json{{"type", Json::array({"object", "null"})},
              {"description", about.help},
              {"additionalProperties", false},
              {"properties", std::move(names)}};
}

Json shape_schema(const Description& about) {
  switch (about.shape) {
    case Shape::kScalar: {
      Json schema = scalar_schema(about);
      if (about.auto_allowed) schema["anyOf"].push_back(Json{{"const", "auto"}});
      return schema;
    }
    case Shape::kList:
      return Json{{"type", Json::array({"array", "null"})}, {"items", scalar_schema(about)}};
    case Shape::kMap:
      if (about.kind == Kind::kProperty) return property_map_schema(about);
      return Json{{"type", Json::array({"object", "null"})},
                  {"additionalProperties", scalar_schema(about)}};
    case Shape::kTables:
      return Json{{"type", Json::array({"object", "null"})},
                  {"propertyNames", Json{{"pattern", "^[^.]+\\.[^.]+$"}}},
                  {"additionalProperties", Json{{"$ref", "#/definitions/table"}}}};
  }
  return {};
}

/// The object schema of the section `path` below `root`; made if it is not there.
Json& section(Json& root, std::string_view path) {
  Json* at = &root;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    Json& child = (*at)["properties"][std::string(path.substr(0, dot))];
    if (child.is_null()) {
      child = Json{{"type", Json::array({"object", "null"})}, {"additionalProperties", false}};
    }
    at = &child;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *at;
}

/// The printed default as the JSON value that an editor takes it for.
Json default_value(const Description& about, const std::string& printed) {
  if (about.kind == Kind::kBool) return printed == "true";
  if (about.kind == Kind::kInteger || about.kind == Kind::kDecimal) {
    const Json number = Json::parse(printed, nullptr, false);
    return number.is_discarded() ? Json(printed) : number;
  }
  return printed == "\"\"" ? Json("") : Json(printed);
}

template <class Owner>
void add_option(Json& root, const Option<Owner>& option) {
  const Description& about = option.about;
  const std::size_t dot = about.key.rfind('.');
  const std::string parent = dot == std::string::npos ? "" : about.key.substr(0, dot);
  const std::string name = about.key.substr(dot + 1);
  Json schema = shape_schema(about);
  schema["description"] = about.help;
  if (!about.required && about.shape == Shape::kScalar) {
    schema["default"] = default_value(about, option.print(Owner()));
  }
  Json& place = section(root, parent)["properties"][name];
  // `properties` exists as a section already if options of their own stand in it.
  if (place.is_object()) {
    for (auto& [key, value] : schema["properties"].items()) place["properties"][key] = value;
    place["description"] = about.help;
  } else {
    place = std::move(schema);
  }
  if (about.required) section(root, parent)["required"].push_back(name);
}

Json object_schema() { return Json{{"type", "object"}, {"additionalProperties", false}}; }

}  // namespace

std::string json_schema() {
  Json table = object_schema();
  table["type"] = Json::array({"object", "null"});
  for (const auto& option : table_options()) add_option(table, option);

  Json root = object_schema();
  root["$schema"] = "http://json-schema.org/draft-07/schema#";
  root["title"] = "Configuration of loadstar";
  for (const auto& option : daemon_options()) add_option(root, option);
  root["properties"]["defaults"] = Json{{"$ref", "#/definitions/table"}};
  root["required"].push_back("starrocks");
  root["definitions"]["interpolated"] = pattern("\\$\\{(env|file):[^}]+\\}");
  root["definitions"]["table"] = std::move(table);
  return root.dump(2) + "\n";
}

}  // namespace loadstar::config
