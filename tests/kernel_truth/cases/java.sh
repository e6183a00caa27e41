# needs: javac java jar
cat > Hello.java << 'END'
import java.nio.file.*;

class Hello {
  public static void main(String[] arguments) throws Exception {
    Files.writeString(Path.of("a"), "written\n");
    Files.move(Path.of("a"), Path.of("b"));
    Files.createSymbolicLink(Path.of("c"), Path.of("b"));
    Files.delete(Path.of("c"));
    Process child = new ProcessBuilder("sh", "-c", "cat b; exit 3").start();
    System.out.println(child.waitFor());
  }
}
END
# Performance data are locked, which may be refused, and not silently.
javac -J-XX:-UsePerfData Hello.java
jar -J-XX:-UsePerfData cfe hello.jar Hello ./*.class
test "$(java -XX:-UsePerfData -jar hello.jar)" = 3
