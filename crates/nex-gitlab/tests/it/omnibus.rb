# Evaluates a gitlab.rb with instance_eval, as Omnibus does, and prints its settings as JSON.
require 'json'

class Recorder < BasicObject
  def initialize
    @set = {}
  end

  def method_missing(name, *arguments)
    return @set[name] = arguments[0] unless arguments.empty?
    @set[name] ||= {}
  end

  def respond_to_missing?(*)
    true
  end

  def recorded
    @set
  end

  File = ::Object.new
  def File.read(path)
    "content of #{path}\n"
  end
end

source = File.read(ARGV[0], encoding: 'US-ASCII')
raise 'not plain ASCII' unless source.ascii_only?
recorder = Recorder.new
recorder.instance_eval(source.sub('', "File = ::Recorder::File\n"), ARGV[0])
puts JSON.generate(recorder.recorded)
