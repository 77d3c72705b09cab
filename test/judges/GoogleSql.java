import com.google.zetasql.AnalyzerOptions;
import com.google.zetasql.Analyzer;
import com.google.zetasql.ParseResumeLocation;
import com.google.zetasql.SimpleCatalog;
import com.google.zetasql.SimpleColumn;
import com.google.zetasql.SimpleTable;
import com.google.zetasql.ZetaSQLBuiltinFunctionOptions;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedCreateTableStmt;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedStatement;
import com.google.zetasql.toolkit.options.BigQueryLanguageOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Google's own analyzer. Each file named is a script: its tables become known to those after it, under their bare names,
 * as a default dataset has it. A line a script on stdout: `ok N`, with the number of its statements, or the refusal.
 */
public final class GoogleSql {
  public static void main(String[] files) throws Exception {
    AnalyzerOptions options = new AnalyzerOptions();
    options.setLanguageOptions(BigQueryLanguageOptions.get());
    options.setPruneUnusedColumns(true);
    SimpleCatalog catalog = new SimpleCatalog("catalog");
    catalog.addZetaSQLFunctionsAndTypes(new ZetaSQLBuiltinFunctionOptions(options.getLanguageOptions()));
    for (String file : files) {
      System.out.println(judge(Files.readString(Path.of(file), StandardCharsets.UTF_8), catalog, options));
    }
  }

  private static String judge(String script, SimpleCatalog catalog, AnalyzerOptions options) {
    ParseResumeLocation place = new ParseResumeLocation(script);
    byte[] bytes = script.getBytes(StandardCharsets.UTF_8);
    int statements = 0;
    try {
      for (; !rest(bytes, place.getBytePosition()).isBlank(); statements++) {
        ResolvedStatement statement = Analyzer.analyzeNextStatement(place, options, catalog);
        if (statement instanceof ResolvedCreateTableStmt) know((ResolvedCreateTableStmt) statement, catalog);
      }
    } catch (RuntimeException refused) {
      return String.valueOf(refused.getMessage()).replaceAll("\\s+", " ");
    }
    return "ok " + statements;
  }

  private static String rest(byte[] bytes, int from) {
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
  }

  private static void know(ResolvedCreateTableStmt made, SimpleCatalog catalog) {
    List<String> path = List.of(made.getNamePath().get(made.getNamePath().size() - 1).split("\\."));
    String name = path.get(path.size() - 1);
    List<SimpleColumn> columns =
        made.getColumnDefinitionList().stream()
            .map(column -> new SimpleColumn(name, column.getName(), column.getType()))
            .toList();
    catalog.addSimpleTable(name, new SimpleTable(name, columns));
  }
}
